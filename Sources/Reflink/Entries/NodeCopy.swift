import SystemPackage

/// Entries that cannot be written into: they are made, or made aside and given the name of
/// what they replace.
extension EntryCopier {
  /// What became of something to be made.
  enum Creation {
    case made(NameTransaction)
    /// It was there as it should be.
    case unchanged
    case skipped
  }

  /// Makes an entry under its name or, where that is taken and the decision is to replace
  /// what is there, under a temporary one: what is there stays until the new entry exists.
  func create(
    _ operation: ReflinkError.Operation, _ entry: EntryFacts,
    _ source: Location, _ destination: Location, _ make: (Name) throws(SystemError) -> Void
  ) throws(ReflinkError) -> Creation {
    let wanted: Replacement
    if options.publication == .inPlace {
      var found: EntryAction?
      for _ in 0..<Self.maxAttempts where found == nil {
        do throws(SystemError) {
          try make(destination.name)
          return .made(.named)
        } catch {
          guard error.errno == .fileExists else {
            throw notCreated(operation, error, source, destination)
          }
        }
        found = try resolveConflict(entry, source, destination)
      }
      switch found?.kind {
      case .skip, .keepDifferent: return .skipped
      case .leave: return .unchanged
      case .create, nil:
        throw SystemError(call: .open, errno: .fileExists)
          .during(operation, source.path, destination.path)
      default: wanted = found.flatMap(replacement) ?? .existing
      }
    } else {
      switch try plan(unpublished: entry, source, destination) {
      case .skipped, .keptDifferent: return .skipped
      case .unchanged: return .unchanged
      case .make(let replacement, _): wanted = replacement
      }
    }
    do throws(SystemError) {
      let lock = NameLock(destination.directory)
      var transaction = try NameTransaction.temporary(wanted, make: make)
      transaction.lock = lock
      if wanted == .existing, !isLinkToSource(operation) || options.removesToMakeRoom {
        tell(.removed, source, destination)
      }
      return .made(transaction)
    } catch {
      throw wanted == .nothing
        ? notCreated(operation, error, source, destination)
        : notReplaced(wanted, operation, error, source, destination)
    }
  }

  /// Whether a link takes the place of a copy: what is there gives it its name at once, and is not
  /// removed before.
  private func isLinkToSource(_ operation: ReflinkError.Operation) -> Bool {
    operation == .linkSymbolically
      || (operation == .createHardLink && options.product == .hardLinks)
  }

  /// Publishes what `create` made; `made` is a reference to it.
  func publish(
    _ transaction: NameTransaction, _ made: borrowing Descriptor,
    _ source: Location, _ destination: Location
  ) throws(ReflinkError) {
    do throws(NameTransaction.Failure) {
      tellBackup(try transaction.publishEntry(made, as: destination), source, destination)
    } catch {
      var failure = error.describe(source, destination)
      let leftover = transaction.discard(made, at: destination)
      failure.leftover = failure.leftover ?? leftover
      throw failure
    }
  }

  func copySymbolicLink(
    _ entry: EntryFacts, _ link: consuming Descriptor, _ source: Location,
    to destination: Location
  ) throws(ReflinkError) -> Result {
    let target: OwnedName
    do throws(SystemError) {
      target = try link.linkTarget()
    } catch {
      throw error.during(.readLink, source.path, destination.path)
    }
    let creation = try create(.createSymbolicLink, entry, source, destination) {
      (name) throws(SystemError) in
      try destination.directory.descriptor.makeSymbolicLink(name, to: target)
    }
    return try finish(creation, entry, link, nil, source, destination) ?? .symbolicLink
  }

  func copySpecial(
    _ entry: EntryFacts, _ node: consuming Descriptor, _ source: Location,
    to destination: Location
  ) throws(ReflinkError) -> Result {
    let finalMode = try attempt(.preserveMode, source, destination) {
      () throws(SystemError) -> FilePermissions? in
      try self.finalMode(of: entry.source, in: destination.directory)
    }
    // 0600 until the owner is set; with nothing to preserve, the final mode: mknod(2) gives a
    // node all of its source's bits.
    let mode: UInt32 =
      if options.preserving.needsOwnersOnly {
        0o600
      } else if options.usesDefaultMode {
        wantedPermissions(of: entry.source).rawValue
      } else {
        entry.source.permissions.rawValue
      }
    let creation = try create(.createSpecial(entry.source.type), entry, source, destination) {
      (name) throws(SystemError) in
      try destination.directory.descriptor.makeSpecial(name, like: entry.source, mode: mode)
    }
    return try finish(creation, entry, node, finalMode, source, destination) ?? .special
  }

  /// Gives a link or a node its attributes, by references that open neither side, and then
  /// its name. Returns what became of it where nothing was made.
  private func finish(
    _ creation: Creation, _ entry: EntryFacts, _ reference: borrowing Descriptor,
    _ finalMode: FilePermissions?, _ source: Location, _ destination: Location
  ) throws(ReflinkError) -> Result? {
    let transaction: NameTransaction
    switch creation {
    case .skipped: return .skipped
    case .unchanged: return .unchanged
    case .made(let made): transaction = made
    }
    let status = entry.source
    let preserving = options.preserving
    let preservesAny =
      preserving.needsOwnersOnly || preserving.times || preserving.extendedAttributes != .ignore
      || finalMode != nil
    guard preservesAny || transaction.state != .named || isRemembered(entry) else { return nil }

    let made = try openMade(transaction, status, source, destination)
    var failure: ReflinkError?
    if preservesAny {
      let attributes = AttributeCopy(
        preserving: preserving,
        attributes: SourceAttributes(
          listing: reference, status.type, at: source, for: preserving),
        isNew: true, creationMode: finalMode, removesInheritedACL: options.usesDefaultMode,
        mayHaveACL: destination.directory.givesACL)
      do throws(AttributeCopy.Failure) {
        try attributes.apply(status, from: reference, to: made)
      } catch {
        failure = report(error, source, destination)
      }
    }
    if var failure, options.appearsComplete {
      failure.leftover = transaction.discard(made, at: destination)
      throw failure
    }
    try publish(transaction, made, source, destination)
    try attempt(.examine(.destination), source, destination) { () throws(SystemError) in
      try remember(entry, destination, made)
    }
    if let failure { throw failure }
    return nil
  }

  /// A reference to what was just made, which must be what it should be.
  func openMade(
    _ transaction: NameTransaction, _ status: FileStatus, _ source: Location,
    _ destination: Location
  ) throws(ReflinkError) -> Descriptor {
    let directory = destination.directory
    let current = transaction.currentName(at: destination)
    do throws(SystemError) {
      let made = try directory.open(current, [.reference, .noFollow])
      let there = try made.status()
      guard there.type == status.type, there.specialDevice == status.specialDevice,
        there.linkCount == 1
      else { throw SystemError(call: .open, errno: .fileExists) }
      try directory.requireJustMade(try made.rights(), since: begun)
      return made
    } catch {
      var failure = error.during(.open(.destination), source.path, destination.path)
      failure.leftover = OwnedLocation(directory, current).path
      throw failure
    }
  }
}
