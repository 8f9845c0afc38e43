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

  init(options: CopyOptions, decide: @escaping Decide, control: Control?) {
    self.options = options
    self.decide = decide
    self.control = control
    hardLinks = options.preserving.hardLinks ? HardLinks() : nil
  }

  struct Root {
    var source: FilePath
    var destination: FilePath
    var identity: FileIdentity
  }

  /// What became of an entry.
  enum Result {
    case skipped
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

    switch decide(EntryFacts(source: status, destination: .unseen, isOperand: isOperand)) {
    case .skip: return .skipped
    case .refuse(let refusal): throw refused(refusal, source, destination)
    case .create, .overwrite, .replace: break
    }

    if file == nil, readsContents(of: status.type) {
      file = try open(source, follow: follow, waits: status.type != .regular)
      status = try examine(file, source)
    }
    let entry = EntryFacts(source: status, destination: .unseen, isOperand: isOperand)

    let linked = status.links > 1 && status.type != .folder ? hardLinks : nil
    if let linked, let done = try link(to: linked.earlier(status), entry, source, destination) {
      return done
    }
    let result: Result
    switch status.type {
    case .folder:
      return try copyFolder(entry, source, follow: follow, to: destination)
    case .symbolicLink:
      result = try copySymbolicLink(entry, source, to: destination)
    case _ where readsContents(of: status.type):
      guard let file = file.take() else { return .skipped }
      result = try copyFile(entry, file, source, to: destination)
    default:
      result = try copySpecial(entry, source, to: destination)
    }
    if let linked { try remember(in: linked, entry, source, destination, result) }
    return result
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
  /// Decides about a name that turned out to be taken. Never `create` or `refuse`.
  func settle(
    _ entry: EntryFacts, _ source: Place, _ destination: Place
  ) throws(ReflinkError) -> EntryAction {
    let folder = destination.folder
    var entry = entry
    entry.destination = try attempt(.examine(.destination), source, destination) {
      () throws(SystemError) in
      let link = try folder.descriptor.status(of: destination.name, follow: false)
      let target =
        link.type == .symbolicLink
        ? try folder.descriptor.statusIfPresent(of: destination.name, follow: true) : link
      return .exists(link: link, target: target)
    }
    switch decide(entry) {
    case .create: throw refused(.exists, source, destination)
    case .refuse(let refusal): throw refused(refusal, source, destination)
    case let action: return action
    }
  }

  /// Makes something that cannot be written into: a link, a node. False when it was skipped.
  func make(
    _ operation: ReflinkError.Operation, _ entry: EntryFacts,
    _ source: Place, _ destination: Place, _ create: () throws(SystemError) -> Void
  ) throws(ReflinkError) -> Bool {
    do throws(SystemError) {
      try create()
      return true
    } catch {
      guard error.errno == .fileExists else {
        throw error.during(operation, source.path, destination.path)
      }
    }
    if try settle(entry, source, destination) == .skip { return false }
    try remove(destination, source)
    try attempt(operation, source, destination, create)
    return true
  }

  func remove(_ destination: Place, _ source: Place) throws(ReflinkError) {
    do throws(SystemError) {
      try destination.folder.descriptor.remove(destination.name)
    } catch {
      if error.errno == .noSuchFileOrDirectory { return }
      throw error.during(.remove, source.path, destination.path)
    }
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
