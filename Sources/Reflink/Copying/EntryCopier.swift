import SystemPackage

/// Performs one action on one name. The way of an entry: its facts, a decision,
/// the work, an outcome. The destination is looked at only when creating it told
/// that the name was taken.
struct EntryCopier {
  let options: CopyOptions
  let decide: Decide
  let control: Control?
  /// What keeps hard links together; nil where they are not kept.
  let hardLinks: HardLinks?
  /// The folder that a tree copy makes, which it must not copy into itself.
  var root: Root?
  /// The source folders that the entry is in, where links are followed and could
  /// lead back to one of them.
  var ancestors: [FileIdentity] = []

  /// Told of what is removed or renamed to make room.
  var onExisting: EntryListener?
  /// Asks the user about a name that is taken; yes or no.
  let ask: (@Sendable (Question) -> Bool)?
  /// What this copy made, where several sources may have one name; else nil.
  let made: MadeHere?

  init(
    options: CopyOptions, decide: @escaping Decide, control: Control?,
    ask: (@Sendable (Question) -> Bool)? = nil, remembersMade: Bool = false
  ) {
    self.options = options
    self.decide = decide
    self.control = control
    self.ask = ask
    hardLinks =
      options.preserving.hardLinks
      ? HardLinks(followsLinks: options.symbolicLinks != .copy) : nil
    made = remembersMade ? MadeHere() : nil
  }

  struct Root {
    var source: FilePath
    var destination: FilePath
    var identity: FileIdentity
    /// The source's device.
    var device: UInt64
  }

  /// What became of an entry.
  enum Result {
    case skipped
    /// Not copied, since it is there as it should be.
    case left
    case file(CopyOutcome)
    case hardLink
    case symbolicLink
    case special
    /// Made, or entered; its entries and then its attributes are still to come.
    case folder(FolderCopy)
  }

  /// Copies one entry. `hint` is its type where the folder's record told it.
  func copy(
    _ source: Place, hint: FileType = .unknown, isOperand: Bool, to destination: Place
  ) throws(ReflinkError) -> Result {
    let follow = options.symbolicLinks.follows(isOperand: isOperand)
    var file: Descriptor?
    var status: FileStatus
    if hint == .regular {
      file = try open(source, follow: follow)
      status = try examine(file, source)
    } else {
      do throws(SystemError) {
        status = try source.folder.descriptor.status(of: source.name, follow: follow)
      } catch {
        throw error.during(.examine(.source), source.path)
      }
    }

    let entry = EntryFacts(source: status, destination: .unseen, isOperand: isOperand)
    switch decide(entry) {
    case .skip: return .skipped
    case .refuse(let refusal): throw refused(refusal, source, destination)
    default: break
    }

    if options.making == .hardLinks || options.making == .symbolicLinks, status.type != .folder {
      return try makeLink(entry, source, follow: follow, to: destination)
    }
    if file == nil, readsContents(of: status.type) {
      file = try open(source, follow: follow, waits: status.type != .regular)
      status = try examine(file, source)
    }
    let result = try copy(
      EntryFacts(source: status, destination: .unseen, isOperand: isOperand),
      file, source, follow: follow, to: destination)
    try remember(status, destination, result)
    return result
  }

  private func copy(
    _ entry: EntryFacts, _ file: consuming Descriptor?, _ source: Place, follow: Bool,
    to destination: Place
  ) throws(ReflinkError) -> Result {
    let status = entry.source
    let linked = status.links > 1 || follow && status.type != .folder ? hardLinks : nil
    if let linked, status.type != .folder,
      let done = try link(to: linked.earlier(status), entry, source, destination)
    {
      return done
    }
    switch status.type {
    case .folder:
      return try copyFolder(entry, source, follow: follow, to: destination)
    case .symbolicLink:
      return try copySymbolicLink(entry, source, to: destination)
    case _ where readsContents(of: status.type):
      guard let file = file.take() else { return .skipped }
      return try copyFile(entry, file, source, to: destination)
    default:
      return try copySpecial(entry, source, to: destination)
    }
  }

  private func readsContents(of type: FileType) -> Bool {
    switch type {
    case .regular: true
    case .folder, .symbolicLink, .socket: false
    case .fifo, .characterDevice, .blockDevice, .unknown: options.specialFiles == .readContents
    }
  }

  private func open(
    _ source: Place, follow: Bool, waits: Bool = false
  ) throws(ReflinkError) -> Descriptor {
    // Never waiting for a FIFO that took the file's place meanwhile.
    var flags: OpenFlags = waits ? .read : .nonBlocking
    if !follow { flags.insert(.noFollow) }
    do throws(SystemError) {
      do throws(SystemError) {
        return try source.folder.descriptor.open(source.name, flags)
      } catch {
        guard error.errno == .resourceTemporarilyUnavailable else { throw error }
        return try openLeased(source, follow: follow)
      }
    } catch {
      throw error.during(.open(.source), source.path)
    }
  }

  /// A file that somebody holds a lease of (fcntl(2), F_SETLEASE) is given after a
  /// wait, which only a regular file is granted.
  private func openLeased(_ source: Place, follow: Bool) throws(SystemError) -> Descriptor {
    let file = try source.folder.descriptor.open(
      source.name, follow ? .reference : [.reference, .noFollow])
    guard try file.status().type == .regular else {
      throw SystemError(call: .open, errno: .resourceTemporarilyUnavailable)
    }
    return try file.reopen()
  }

  private func examine(
    _ file: borrowing Descriptor?, _ source: Place
  ) throws(ReflinkError) -> FileStatus {
    do throws(SystemError) {
      switch file {
      case .some(let file): return try file.status()
      case .none: return try source.folder.descriptor.status(of: source.name, follow: false)
      }
    } catch {
      throw error.during(.examine(.source), source.path)
    }
  }
}

// MARK: - Names that are taken

extension EntryCopier {
  /// Decides about a name that turned out to be taken, and does what comes before
  /// the making: asks, moves aside. Never `ask` or `refuse`; `create` means that the
  /// name stays taken.
  func settle(
    _ entry: EntryFacts, _ source: Place, _ destination: Place
  ) throws(ReflinkError) -> Settled {
    var entry = try look(entry, source, destination)
    while true {
      let action = decide(entry)
      switch action {
      case .refuse(let refusal): throw refused(refusal, source, destination)
      case .create, .skip, .leave, .overwrite, .replace, .createThroughLink:
        return Settled(action: action)
      case .moveAside(let names):
        let moved = try moveAside(names, entry, source, destination)
        return Settled(action: action, moved: moved)
      case .ask:
        guard case .exists(let existing) = entry.destination, !entry.isConfirmed,
          let ask, ask(Question(destination: destination.path, existing: existing))
        else { throw refused(.declined, source, destination) }
        entry.isConfirmed = true
      }
    }
  }

  struct Settled {
    var action: EntryAction
    var moved: MovedAside?
  }

  /// Looks at both names, now that they meet.
  private func look(
    _ entry: EntryFacts, _ source: Place, _ destination: Place
  ) throws(ReflinkError) -> EntryFacts {
    let from = source.folder
    let to = destination.folder
    var entry = entry
    try attempt(.examine(.destination), source, destination) { () throws(SystemError) in
      let link = try to.descriptor.status(of: destination.name, follow: false)
      var existing = EntryFacts.Existing(link: link, target: link)
      if link.type == .symbolicLink {
        do throws(SystemError) {
          existing.target = try to.descriptor.statusIfPresent(of: destination.name, follow: true)
        } catch {
          guard error.errno == .tooManySymbolicLinkLevels else { throw error }
          existing.target = nil
          existing.isLoop = true
        }
      }
      existing.wasMadeHere = made?.contains(link.identity) ?? false
      entry.sourceLink = try from.descriptor.status(of: source.name, follow: false)
      if entry.source.type == .symbolicLink {
        entry.sourceTarget = try? from.descriptor.status(of: source.name, follow: true)
      }
      if entry.sourceLink.identity == link.identity {
        existing.isSourcesName = try isOneName(source, destination)
        existing.isSourcesText = existing.isSourcesName && source.path == destination.path
      }
      if ask != nil { existing.isWritable = to.descriptor.canWrite(destination.name) }
      entry.destination = .exists(existing)
    }
    return entry
  }

  /// Whether two places are one name of one folder.
  private func isOneName(_ a: Place, _ b: Place) throws(SystemError) -> Bool {
    func folder(_ place: Place) throws(SystemError) -> FileIdentity {
      try place.parent.withName { (parent) throws(SystemError) in
        try place.folder.descriptor.status(of: parent, follow: true).identity
      }
    }
    guard a.name.path.lastComponent == b.name.path.lastComponent else { return false }
    return try folder(a) == folder(b)
  }

  /// Makes something that cannot be written into: a link, a node.
  func make(
    _ operation: ReflinkError.Operation, _ entry: EntryFacts,
    _ source: Place, _ destination: Place, _ create: () throws(SystemError) -> Void
  ) throws(ReflinkError) -> Made {
    do throws(SystemError) {
      try create()
      return .new
    } catch {
      guard error.errno == .fileExists else {
        throw error.during(operation, source.path, destination.path)
      }
    }
    let settled = try settle(entry, source, destination)
    switch settled.action {
    case .skip: return .skipped
    case .leave: return .left
    case .moveAside: break
    case .create:
      throw SystemError(call: .open, errno: .fileExists)
        .during(operation, source.path, destination.path)
    default: try remove(destination, source)
    }
    do throws(ReflinkError) {
      try attempt(operation, source, destination, create)
    } catch {
      if let moved = settled.moved { putBack(moved, destination) }
      throw error
    }
    return .new
  }

  /// What became of something to be made.
  enum Made {
    case new
    /// It was there as it should be.
    case left
    case skipped
  }

  func remove(_ destination: Place, _ source: Place) throws(ReflinkError) {
    do throws(SystemError) {
      try destination.folder.descriptor.remove(destination.name)
    } catch {
      if error.errno == .noSuchFileOrDirectory { return }
      throw error.during(.remove, source.path, destination.path)
    }
    tell(.removed, source, destination)
  }

  func tell(_ outcome: EntryOutcome, _ source: Place, _ destination: Place) {
    if let onExisting { onExisting(outcome, source.path, destination.path) }
  }

  func refused(_ refusal: Refusal, _ source: Place, _ destination: Place) -> ReflinkError {
    ReflinkError(
      code: ReflinkError.Code(refusal), operation: .refuse(refusal),
      source: source.path, destination: destination.path)
  }

  func report(
    _ failure: AttributeCopy.Failure, _ source: Place, _ destination: Place
  ) -> ReflinkError {
    failure.error.during(failure.operation, source.path, destination.path)
  }
}
