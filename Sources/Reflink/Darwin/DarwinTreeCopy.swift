#if canImport(Darwin)
  import Darwin
  import SystemPackage

  /// Copies an entry and, where that is a directory, all that is in it, one after the other: from
  /// open directory to open directory, so that a link put in place meanwhile leads nowhere.
  struct TreeCopy {
    let request: CopyRequest
    let activity: Activity?
    var outcome = CopyRequest.Outcome()

    /// The directories that the copy is in, the operand first.
    var ancestors: [FileStatus.Identity] = []
    /// The directory that was made, or entered, for the operand.
    var root: (directory: Descriptor, identity: FileStatus.Identity)?
    /// Files with several names: the directory, by its path from `root`, and the name of the first.
    private var firstNames: [FileStatus.Identity: (directory: String, name: String)] = [:]
    let filter: CompiledFilter?

    init(_ request: CopyRequest, _ activity: Activity?) {
      self.request = request
      self.activity = activity
      filter = CompiledFilter(request.parts.filter)
    }

    var options: CopyOptions { request.options }

    /// Each level takes two descriptors and a part of the thread's stack.
    static var deepest: Int { 250 }

    /// - Parameter inside: The path from `root` of the directory that the entry is in; nil for the
    ///   operand.
    mutating func copy(
      _ source: Location, to destination: Location, inside: String? = nil
    ) throws(ReflinkError) {
      let isOperand = inside == nil
      try requireNotCancelled(source.path, destination.path)
      let follows = options.symbolicLinks.follows(isOperand: isOperand)
      let found = try attempt(.examine(.source), source, destination) { () throws(Errno) in
        try source.status(follow: follows)
      }
      guard let status = found else {
        throw Errno.noSuchFileOrDirectory.during(.examine(.source), source.path, destination.path)
      }
      let action = try decide(status, source, destination, isOperand)
      switch action.kind {
      case .refuse(let refusal): throw refused(refusal, source, destination)
      case .skip, .leave, .keepDifferent:
        let size = status.type == .regular ? status.size : 0
        activity?.controller?.skip(size)
        return add(
          .skipped(EntryOutcome.Skipped(bytes: size, isDifferent: action.kind == .keepDifferent)),
          source, destination)
      case .create, .replace, .overwrite: break
      default: throw .unsupported(.prepare, "this action", source.path, destination.path)
      }
      if status.type == .directory {
        return try copyDirectory(status, source, to: destination, inside, follows)
      }
      if action == .overwrite, try exists(destination, source) {
        throw .unsupported(
          .prepare, "overwrite: a file is replaced, not written into", source.path,
          destination.path)
      }
      try copyLeaf(status, source, to: destination, inside, follows, action == .replace)
    }

    /// What to do about an entry; its destination is looked at unless nothing is to be made.
    private func decide(
      _ status: FileStatus, _ source: Location, _ destination: Location, _ isOperand: Bool
    ) throws(ReflinkError) -> EntryAction {
      var facts = EntryFacts(source: status, destination: .unseen, isOperand: isOperand)
      let action = request.decide(facts)
      guard action == .create, !request.isCounting else { return action }
      let existing = try attempt(.examine(.destination), source, destination) {
        () throws(Errno) -> EntryFacts.Existing? in
        guard let link = try destination.status(follow: false) else { return nil }
        let isLink = link.type == .symbolicLink
        return EntryFacts.Existing(
          link: link, target: isLink ? try destination.status(follow: true) : link)
      }
      guard let existing else { return .create }
      facts.destination = .exists(existing)
      let next = request.decide(facts)
      return next == .create ? .refuse(.exists) : next
    }

    func exists(
      _ destination: Location, _ source: Location
    ) throws(ReflinkError) -> Bool {
      try attempt(.examine(.destination), source, destination) { () throws(Errno) in
        try destination.status(follow: false) != nil
      }
    }

    /// Anything but a directory.
    private mutating func copyLeaf(
      _ status: FileStatus, _ source: Location, to destination: Location, _ inside: String?,
      _ follows: Bool, _ replaces: Bool
    ) throws(ReflinkError) {
      let isLinked = options.preserving.hardLinks && status.linkCount > 1 && inside != nil
      if isLinked, let first = firstNames[status.identity] {
        if request.isCounting { return outcome.account.hardLinks += 1 }
        try link(first, source, destination, replaces)
        return add(.hardLink, source, destination)
      }
      if request.isCounting {
        outcome.account.add(planned: status)
      } else {
        let file = FileCopy(
          options: options, activity: activity, isOperand: inside == nil, replaces: replaces)
        switch status.type {
        case .regular:
          let opened = try attempt(.open(.source), source, destination) { () throws(Errno) in
            try source.open(O_RDONLY | O_NONBLOCK | (follows ? 0 : O_NOFOLLOW))
          }
          outcome.file = try file.copy(opened, source, to: destination)
          add(.file(outcome.file), source, destination)
        case .symbolicLink:
          try file.copyLink(source, to: destination)
          add(.symbolicLink, source, destination)
        default:
          throw .unsupported(
            .createSpecial(status.type), "specialFiles: copyfile(3) makes none", source.path,
            destination.path)
        }
      }
      if isLinked, let inside { firstNames[status.identity] = (inside, destination.name) }
    }

    /// Another name for what was copied already.
    private func link(
      _ first: (directory: String, name: String), _ source: Location, _ destination: Location,
      _ replaces: Bool
    ) throws(ReflinkError) {
      guard let root else { return }
      let made = replaces ? destination.temporary : destination
      try attempt(.createHardLink, source, destination) { () throws(Errno) in
        let directory = try root.directory.open(
          first.directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW_ANY)
        _ = try check {
          unsafe linkat(directory.number, first.name, made.directory.number, made.name, 0)
        }
        guard replaces else { return }
        // Where both are names of one file already, rename(2) leaves both.
        defer { unsafe unlinkat(made.directory.number, made.name, 0) }
        try made.publish(as: destination, replacing: true)
      }
    }

    // MARK: - Open files

    /// Clones or copies an open file to a name.
    mutating func copy(
      _ source: Operand.OpenFile, to destination: Location
    ) throws(ReflinkError) {
      let from = Location(".", in: source.descriptor, path: source.path)
      let status = try attempt(.examine(.source), from, destination) { () throws(Errno) in
        try source.descriptor.status()
      }
      let action = try decide(status, from, destination, true)
      if case .refuse(let refusal) = action.kind { throw refused(refusal, from, destination) }
      let file = FileCopy(options: options, activity: activity, isOperand: true, replaces: false)
      outcome.file = try file.copy(source.descriptor, from, to: destination)
      add(.file(outcome.file), from, destination)
    }

    /// Copies the data of an open file into another.
    mutating func copy(
      _ source: Operand.OpenFile, into destination: Operand.OpenFile
    ) throws(ReflinkError) {
      try requireNotCancelled(source.path, destination.path)
      let file = FileCopy(options: options, activity: activity, isOperand: true, replaces: false)
      outcome.file = try file.copyData(source, into: destination)
    }

    // MARK: - Telling

    mutating func add(
      _ entry: EntryOutcome, _ source: Location, _ destination: Location
    ) {
      outcome.account.add(entry)
      if let listener = request.parts.listener { listener(entry, source.path, destination.path) }
    }

    private func requireNotCancelled(
      _ source: FilePath, _ destination: FilePath
    ) throws(ReflinkError) {
      guard activity?.isCancelled ?? false else { return }
      throw ReflinkError(
        code: .cancelled, operation: .prepare, source: source, destination: destination,
        bytesDone: outcome.account.total)
    }
  }

  // MARK: - Errors

  /// Adds what an error lacks.
  func attempt<Value>(
    _ operation: ReflinkError.Operation, _ source: Location, _ destination: Location,
    _ body: () throws(Errno) -> Value
  ) throws(ReflinkError) -> Value {
    do throws(Errno) {
      return try body()
    } catch {
      throw error.during(operation, source.path, destination.path)
    }
  }

  func refused(
    _ refusal: ReflinkError.Refusal, _ source: Location, _ destination: Location
  ) -> ReflinkError {
    ReflinkError(
      code: ReflinkError.Code(refusal), operation: .refuse(refusal), source: source.path,
      destination: destination.path)
  }
#endif
