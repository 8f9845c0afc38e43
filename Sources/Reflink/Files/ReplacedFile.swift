import SystemPackage

/// Files that take the place of others as if they had been written into them; see
/// `CopyOptions.ReplacedAttributes.kept`.
extension EntryCopier {
  private var keepsReplaced: Bool {
    options.replacedAttributes == .kept && options.publication != .inPlace
      && options.product == .copies
  }

  /// Where the destination is a symbolic link that a copy in place would write through: what it leads
  /// to, whose name is the one that a new file can take. Nil where it is no such link.
  func replacedTarget(
    _ entry: EntryFacts, _ source: Location, _ destination: Location
  ) throws(ReflinkError) -> OwnedLocation? {
    guard keepsReplaced else { return nil }
    let isLink = try attempt(.examine(.destination), source, destination) {
      () throws(SystemError) in try destination.statusIfPresent()?.type == .symbolicLink
    }
    guard isLink, let action = try resolveConflict(entry, source, destination) else { return nil }
    switch action.kind {
    case .overwrite, .createThroughLink: break
    default: return nil
    }
    try unsynchronized?.finishIfMany()
    return try attempt(.open(.destination), source, destination) {
      () throws(SystemError) -> OwnedLocation? in
      // The system's own rules for links (fs.protected_symlinks) are asked by following it.
      let there = try destination.statusByOpening()
      // Written into, however it is reached.
      if let there, there.type != .regular { return nil }
      let target = try OwnedLocation(destination).followed()
      let found = try target.with { (target) throws(SystemError) in
        try target.statusIfPresent()
      }
      guard found?.identity == there?.identity else {
        throw SystemError(call: .open, errno: .noSuchFileOrDirectory)
      }
      unsynchronized?.named(in: target.directory)
      return target
    }
  }

  /// A file that is to be overwritten, opened to take its attributes from.
  enum Overwritten: ~Copyable {
    case replaced(Descriptor)
    /// It cannot be opened, and is removed for it as was asked for: nothing of it is kept.
    case removed
    /// It is written into: a FIFO, a device.
    case inPlace
  }

  /// What is done about a file that a copy in place would write into. Nil where nothing of it is kept.
  func openOverwritten(
    _ action: EntryAction?, _ entry: EntryFacts, _ source: Location, _ destination: Location
  ) throws(ReflinkError) -> Overwritten? {
    guard keepsReplaced, case .overwrite(let orReplace) = action?.kind else { return nil }
    do throws(SystemError) {
      switch try destination.status().type {
      case .regular: break
      case .symbolicLink where try destination.statusByOpening()?.type ?? .regular == .regular:
        // A moment ago it was none, or led elsewhere.
        throw SystemError(call: .statx, errno: .tooManySymbolicLinkLevels)
      default: return .inPlace
      }
      let existing: Descriptor
      do throws(SystemError) {
        existing = try destination.open([.write, .nonBlocking, .noFollow])
      } catch {
        // A program that runs is not written into, but may be replaced.
        guard error.errno == .textFileBusy else { throw error }
        existing = try destination.open(.noFollow)
      }
      if try existing.status().identity == entry.source.identity {
        throw SystemError(call: .link, errno: .fileExists)
      }
      return .replaced(existing)
    } catch {
      if error.call == .link { throw refused(.sameFile, source, destination) }
      if orReplace, error.call == .open { return .removed }
      throw cannotWrite(error, source, destination)
    }
  }

  /// Gives a new file what a copy in place would have left of the old one's attributes.
  func keepAttributes(
    of replaced: borrowing Descriptor, on file: borrowing Descriptor
  ) throws(AttributeCopy.Failure) {
    var status: FileStatus
    do throws(SystemError) {
      status = try replaced.status()
    } catch {
      throw AttributeCopy.Failure(operation: .examine(.destination), error: error)
    }
    // Writing takes these away, unless root writes.
    if !isPrivileged() { status.permissions.subtract([.setUserID, .setGroupID]) }
    let kept = CopyOptions.Preservation(
      mode: true, owner: .required, extendedAttributes: .required)
    let attributes = SourceAttributes(listing: replaced, .regular, for: kept)
    try AttributeCopy(
      preserving: kept, attributes: attributes.withoutCapability, isNew: true, mayHaveACL: true
    ).apply(status, from: replaced, to: file)
  }
}

extension Location {
  /// What a name leads to, through links as the system follows them; nil for what is not there.
  fileprivate func statusByOpening() throws(SystemError) -> FileStatus? {
    do throws(SystemError) {
      return try open(.reference).status()
    } catch {
      guard error.errno == .noSuchFileOrDirectory else { throw error }
      return nil
    }
  }
}

extension OwnedLocation {
  /// The end of a chain of symbolic links, by names; at most 40, as the system follows.
  fileprivate func followed() throws(SystemError) -> OwnedLocation {
    var location = self
    for _ in 0..<40 {
      let target = try location.with { (name) throws(SystemError) -> OwnedName? in
        guard try name.statusIfPresent()?.type == .symbolicLink else { return nil }
        return try name.open([.reference, .noFollow]).linkTarget()
      }
      guard let target else { return location }
      location = try location.following(target)
    }
    throw SystemError(call: .open, errno: .tooManySymbolicLinkLevels)
  }

  private func following(_ target: OwnedName) throws(SystemError) -> OwnedLocation {
    if target.isAbsolute { return try OwnedLocation(resolving: target) }
    let (prefix, name) = target.split()
    if prefix.isEmpty { return OwnedLocation(directory, name) }
    let parent = try directory.open(prefix, [.reference, .directory])
    return OwnedLocation(Directory(parent, DirectoryPath(prefix, in: directory.path)), name)
  }
}
