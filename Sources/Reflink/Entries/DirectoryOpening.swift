import SystemPackage

/// Opening both sides of a directory: the source to be listed, the destination to be filled.
extension EntryCopier {
  static func openDirectory(
    _ source: Location, _ flags: OpenFlags, follow: Bool
  ) throws(SystemError) -> SourceEntry {
    let opened = try source.open(follow ? flags : flags.union(.noFollow))
    return SourceEntry(status: try opened.status(), descriptor: opened)
  }

  /// Opens the destination, and finds out what it will need in the end.
  func open(
    _ creation: Creation, _ publishesLast: Bool, isOnTheWay: Bool = false,
    _ rights: DirectoryRights, _ from: Directory, _ status: FileStatus, _ root: Ancestry.Root?,
    _ source: Location, _ destination: Location
  ) throws(SystemError) -> DirectoryCopy {
    let preserving = options.preserving
    var transaction: NameTransaction?
    if case .made(let made) = creation { transaction = made }
    let isNew = transaction != nil
    let name = transaction?.currentName(at: destination) ?? OwnedName(destination.name)
    var given: FilePermissions?
    let made = try openForWriting(
      name, &given, isNew: isNew, follows: isOnTheWay || options.entersLinkedDirectories,
      in: destination.directory)
    var creationMode: FilePermissions?
    if !preserving.mode, let given {
      let final = try finalMode(of: status, in: destination.directory)
      creationMode = try rights.final(given: given, final) { () throws(SystemError) in
        try umask.value(in: destination.directory)
      }
    }
    let inheritsACL = inherits(made, isNew: isNew, destination.directory)
    let attributes = AttributeCopy(
      preserving: preserving,
      attributes: SourceAttributes(listing: from.descriptor, .directory, for: preserving),
      isNew: isNew, creationMode: creationMode,
      removesInheritedACL: isNew && options.usesDefaultMode,
      mayHaveACL: isNew ? inheritsACL : true)
    var publication: DirectoryPublication?
    if var transaction, transaction.state != .named {
      // As long as this process has it open, nobody takes it for a leftover.
      _ = try? made.tryLock()
      transaction.lock = nil
      let pending = DirectoryPublication(transaction, OwnedLocation(destination))
      if publishesLast { publication = pending } else { try pending.publishNow(made) }
    }
    let parent = destination.directory
    let entered = Directory(
      made,
      DirectoryPath(
        OwnedName(destination.name), in: parent.path, temporaryName: publishesLast ? name : nil),
      observed: ObservedDirectory(inheritsACL: inheritsACL, isNew: isNew),
      // A directory that changes its name, or is a link, is not found again by its name: it
      // stays open, and those in it are found from there.
      base: publishesLast || (!isNew && (isOnTheWay || options.entersLinkedDirectories))
        ? nil : parent.base ?? parent)
    if !isNew {
      try unsynchronized?.entered(entered)
      if options.sweepsLeftovers { LeftoverSweep.removeLeftovers(in: entered) }
    }
    return DirectoryCopy(
      source: from, destination: entered, status: status, isNew: isNew,
      isEntered: root.map { $0.device == status.identity.device } ?? true
        || !options.staysOnFileSystem,
      publication: publication,
      attributes: isNew || preserving.needsOwnersOnly || preserving.times
        || preserving.extendedAttributes != .ignore ? attributes : nil,
      durability: options.durability)
  }

  /// A new directory must let its owner fill it, whatever the umask left. `given` is what
  /// creation gave it.
  private func openForWriting(
    _ name: OwnedName, _ given: inout FilePermissions?, isNew: Bool, follows: Bool,
    in directory: Directory
  ) throws(SystemError) -> Descriptor {
    let flags: OpenFlags =
      follows && !isNew ? .directory : [.directory, .noFollow]
    return try name.with { (name) throws(SystemError) in
      do throws(SystemError) {
        let opened = try directory.descriptor.open(name, flags)
        if isNew {
          let rights = try opened.rights()
          try directory.requireJustMade(rights, since: begun)
          given = rights.permissions
          try Self.letOwnerIn(opened, given)
        }
        return opened
      } catch {
        guard error.errno == .permissionDenied else { throw error }
        // What is there may take new entries and not be listed.
        if !isNew { return try directory.descriptor.open(name, flags.union(.reference)) }
      }
      let reference = try directory.descriptor.open(name, flags.union(.reference))
      let rights = try reference.rights()
      try directory.requireJustMade(rights, since: begun)
      given = rights.permissions
      try Self.letOwnerIn(reference, given)
      return try directory.descriptor.open(name, flags)
    }
  }

  private static func letOwnerIn(
    _ directory: borrowing Descriptor, _ given: FilePermissions?
  ) throws(SystemError) {
    guard let given, !given.contains(.ownerReadWriteExecute), !isPrivileged() else { return }
    try directory.setMode(given.union(.ownerReadWriteExecute))
  }

  /// Whether what is made in this directory inherits an access control list. Only
  /// asked where such a list would have to be taken away again.
  private func inherits(
    _ directory: borrowing Descriptor, isNew: Bool, _ parent: Directory
  ) -> Bool {
    guard options.preserving.mode else { return true }
    // A new directory has its parent's default list until it gets its source's.
    if isNew, let inherited = parent.observed?.inheritsACL { return inherited }
    return (try? directory.attributeNames().contains(.defaultACL)) ?? true
  }
}
