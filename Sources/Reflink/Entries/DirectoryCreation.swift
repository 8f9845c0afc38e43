import SystemPackage

/// Making or entering directories.
extension EntryCopier {
  /// A directory on the way to an entry: made where it is missing, links followed.
  func enter(_ source: Location, to destination: Location) throws(ReflinkError) -> DirectoryCopy {
    let status = try attempt(.examine(.source), source, destination) { () throws(SystemError) in
      let status = try source.status(follow: true)
      guard status.type == .directory else { throw SystemError(call: .statx, errno: .notDirectory) }
      return status
    }
    let entry = EntryFacts(source: status, destination: .unseen, isOperand: true)
    let result = try makeAndOpen(
      entry, source, follow: true, within: nil, isOnTheWay: true, destination)
    switch consume result {
    case .some(.directory(let directory)): return directory
    case .none:
      throw ReflinkError(
        code: .sourceChanged, operation: .open(.source), source: source.path,
        destination: destination.path)
    default: throw refused(.exists, source, destination)
    }
  }

  /// A directory under its own name, or one that gets it when all of it is complete. Nil where
  /// the source was replaced by another directory meanwhile.
  func copyDirectory(
    _ entry: EntryFacts, _ source: Location, follow: Bool, within ancestry: Ancestry?,
    to destination: Location
  ) throws(ReflinkError) -> Result? {
    // A directory that is there is merged into, file by file.
    let publishesLast = ancestry == nil && options.publication != .inPlace
    guard publishesLast, try isFree(source, destination) else {
      return try makeAndOpen(entry, source, follow: follow, within: ancestry, destination)
    }
    try requireOneFileSystem(source, destination)
    try requireRenaming(source, destination)
    return try makeAndOpen(
      entry, source, follow: follow, within: nil, publishesLast: true, destination)
  }

  private func isFree(
    _ source: Location, _ destination: Location
  ) throws(ReflinkError) -> Bool {
    try attempt(.examine(.destination), source, destination) { () throws(SystemError) in
      try destination.statusIfPresent() == nil
    }
  }

  /// Makes or enters the directory, and opens both sides. One on the way to an entry is not
  /// listed, and may be a link where it is there.
  private func makeAndOpen(
    _ entry: EntryFacts, _ source: Location, follow: Bool, within ancestry: Ancestry?,
    publishesLast: Bool = false, isOnTheWay: Bool = false, _ destination: Location
  ) throws(ReflinkError) -> Result? {
    let decided = entry.source
    let root = ancestry?.root
    // One on another file system is made, and not entered, where that is asked for.
    let isLeftEmpty = root.map { options.staysOnFileSystem && $0.device != decided.identity.device }
    if let root, root.identity == decided.identity, isLeftEmpty != true {
      throw ReflinkError(
        code: .wrongType, operation: .refuse(.intoItself),
        source: root.source, destination: root.destination)
    }
    if options.symbolicLinks == .follow, ancestry?.contains(decided.identity) ?? false {
      throw refused(.cyclicLink, source, destination)
    }

    let rights = DirectoryRights(
      wanted: wantedPermissions(of: decided),
      special: decided.permissions.intersection([.setUserID, .setGroupID, .saveText]),
      options.preserving)
    let creation = try makeDirectory(
      rights.creation, publishesLast, isOnTheWay: isOnTheWay, entry, source, destination)
    if case .skipped = creation { return .skipped }

    // Opened only now: Btrfs lists what was there when a directory was opened, and a
    // copy into the directory itself is to be met, and refused.
    var opened: SourceEntry
    do throws(SystemError) {
      opened = try Self.openDirectory(
        source, isOnTheWay ? [.directory, .reference] : .directory, follow: follow)
    } catch {
      var failure = error.during(.readDirectory, source.path, destination.path)
      failure.leftover = abandon(creation, rights, decided, source, destination)
      throw failure
    }
    var status = opened.status
    // The copy may have been made in the directory itself, whose time that changed.
    status.accessed = decided.accessed
    status.modified = decided.modified
    guard let listing = opened.descriptor.take(), status.identity == decided.identity else {
      // The decision was about another directory: again, from the beginning.
      if let leftover = takeBack(creation, destination) {
        var failure = SystemError(call: .open, errno: .noSuchFileOrDirectory)
          .during(.open(.source), source.path, destination.path)
        failure.leftover = leftover
        throw failure
      }
      return nil
    }
    let from = Directory(
      listing, DirectoryPath(OwnedName(source.name), in: source.directory.path),
      base: source.directory.base ?? source.directory)

    do throws(SystemError) {
      return .directory(
        try open(
          creation, publishesLast, isOnTheWay: isOnTheWay, rights, from, status, root, source,
          destination))
    } catch {
      var failure = error.during(.open(.destination), source.path, destination.path)
      failure.leftover = takeBack(creation, destination)
      throw failure
    }
  }

  /// `unchanged` is a directory that was there and is to be entered.
  private func makeDirectory(
    _ mode: UInt32, _ publishesLast: Bool, isOnTheWay: Bool, _ entry: EntryFacts,
    _ source: Location, _ destination: Location
  ) throws(ReflinkError) -> Creation {
    let directory = destination.directory
    var replacement = Replacement.nothing
    if !publishesLast {
      var found: EntryAction?
      for _ in 0..<Self.maxAttempts where found == nil {
        do throws(SystemError) {
          try directory.descriptor.makeDirectory(destination.name, mode: mode)
          return .made(.named)
        } catch {
          guard error.errno == .fileExists else {
            throw notCreated(.createDirectory, error, source, destination)
          }
        }
        if isOnTheWay, let there = try? destination.status(follow: true) {
          if there.type == .directory { return .unchanged }
          throw ReflinkError(
            code: .wrongType, operation: .createDirectory, source: source.path,
            destination: destination.path)
        }
        found = try resolveConflict(entry, source, destination)
      }
      switch found?.kind {
      // Linked to itself it is there with all that is in it.
      case .skip, .leave: return .skipped
      case .create, nil:
        throw SystemError(call: .makeDirectory, errno: .fileExists)
          .during(.createDirectory, source.path, destination.path)
      default:
        guard let wanted = found.flatMap(self.replacement) else { return .unchanged }
        replacement = wanted
      }
    }
    do throws(SystemError) {
      // Until it is locked itself.
      let lock = NameLock(directory)
      var transaction = try NameTransaction.temporary(replacement) { (name) throws(SystemError) in
        try directory.descriptor.makeDirectory(name, mode: mode)
      }
      transaction.lock = lock
      return .made(transaction)
    } catch {
      throw replacement == .nothing
        ? error.during(.createDirectory, source.path, destination.path)
        : notReplaced(replacement, .createDirectory, error, source, destination)
    }
  }

  /// What is done about a new directory whose source cannot be listed: in place it stays, as
  /// cp leaves it, with its attributes. Returns the path of what should be gone.
  private func abandon(
    _ creation: Creation, _ rights: DirectoryRights, _ decided: FileStatus, _ source: Location,
    _ destination: Location
  ) -> FilePath? {
    guard options.publication == .inPlace, case .made(let transaction) = creation,
      transaction.state == .named
    else { return takeBack(creation, destination) }
    // It cannot be listed, but described.
    guard let reference = try? source.open([.reference, .directory]),
      let status = try? reference.status(), status.identity == decided.identity
    else { return nil }
    let from = Directory(
      reference, DirectoryPath(OwnedName(source.name), in: source.directory.path))
    let copy = try? open(creation, false, rights, from, decided, nil, source, destination)
    try? copy?.finish()
    return nil
  }

  /// Removes a directory that was made a moment ago. Returns its path where it stays.
  private func takeBack(_ creation: Creation, _ destination: Location) -> FilePath? {
    guard case .made(let transaction) = creation else { return nil }
    let name = transaction.currentName(at: destination)
    let directory = destination.directory
    let made = try? directory.open(name, [.reference, .directory, .noFollow])
    // Another's by now, perhaps.
    guard let made, let rights = try? made.rights(),
      (try? directory.requireJustMade(rights, since: begun)) != nil
    else { return OwnedLocation(directory, name).path }
    return transaction.discard(made, isDirectory: true, at: destination)
  }
}
