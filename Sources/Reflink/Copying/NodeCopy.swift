import SystemPackage

/// Entries without data of their own: symbolic links, FIFOs, sockets, devices.
extension EntryCopier {
  func copySymbolicLink(
    _ entry: EntryFacts, _ source: Location, to destination: Location
  ) throws(ReflinkError) -> Result {
    let link = try attempt(.readLink, source, destination) { () throws(SystemError) in
      try source.directory.descriptor.open(source.name, [.reference, .noFollow])
    }
    let target: FilePath
    do throws(SystemError) {
      target = try link.linkTarget()
    } catch {
      throw error.during(.readLink, source.path, destination.path)
    }
    let made = try make(.createSymbolicLink, entry, source, destination) { () throws(SystemError) in
      try destination.directory.descriptor.makeSymbolicLink(destination.name, to: target)
    }
    guard made == .new else { return .left }
    try applyAttributes(from: link, entry.source, source, destination)
    return .symbolicLink
  }

  func copySpecial(
    _ entry: EntryFacts, _ source: Location, to destination: Location
  ) throws(ReflinkError) -> Result {
    let preserving = options.preserving
    // Nobody else's until it has its owner; what nothing is preserved for is final at once.
    let mode: UInt32 =
      preserving.needsOwnersOnly ? 0o600 : wantedPermissions(of: entry.source).rawValue
    let made = try make(.createSpecial(entry.source.type), entry, source, destination) {
      () throws(SystemError) in
      try destination.directory.descriptor.makeSpecial(
        destination.name, like: entry.source, mode: mode)
    }
    guard made == .new else { return .left }
    let reference = try attempt(.open(.source), source, destination) { () throws(SystemError) in
      try source.directory.descriptor.open(source.name, [.reference, .noFollow])
    }
    try applyAttributes(from: reference, entry.source, source, destination)
    return .special
  }

  /// Of a new node, by references that open neither side.
  private func applyAttributes(
    from reference: borrowing Descriptor, _ status: FileStatus,
    _ source: Location, _ destination: Location
  ) throws(ReflinkError) {
    let preserving = options.preserving
    let finalMode = finalMode(of: status)
    guard
      preserving.needsOwnersOnly || preserving.times || preserving.extendedAttributes != .ignore
        || finalMode != nil
    else { return }
    let copy = try attempt(.open(.destination), source, destination) { () throws(SystemError) in
      let copy = try destination.directory.descriptor.open(
        destination.name, [.reference, .noFollow])
      guard try copy.status().type == status.type else {
        throw SystemError(call: .open, errno: .fileExists)
      }
      return copy
    }
    let attributes = AttributeCopy(
      preserving: preserving, creationMode: finalMode, removesInheritedACL: options.usesDefaultMode,
      mayHaveACL: destination.directory.inheritsACL ?? true)
    do throws(AttributeCopy.Failure) {
      try attributes.apply(status, from: reference, to: copy)
    } catch {
      throw report(error, source, destination)
    }
  }
}

/// Links in place of copies.
extension EntryCopier {
  func makeLink(
    _ entry: EntryFacts, _ source: Location, follow: Bool, to destination: Location
  ) throws(ReflinkError) -> Result {
    if options.product == .symbolicLinks {
      // A relative path leads to the source only from where it was given.
      let target = source.path
      if target.isRelative, destination.path.removingLastComponent().length > 0,
        destination.parentIsElsewhere
      {
        throw ReflinkError(
          code: .invalidArgument, operation: .linkSymbolically, source: source.path,
          destination: destination.path)
      }
      let made = try make(.linkSymbolically, entry, source, destination) {
        () throws(SystemError) in
        try destination.directory.descriptor.makeSymbolicLink(destination.name, to: target)
      }
      return made == .skipped ? .skipped : .symbolicLink
    }
    let file = try attempt(.open(.source), source, destination) { () throws(SystemError) in
      try source.directory.descriptor.open(
        source.name, follow ? .reference : [.reference, .noFollow])
    }
    let made = try make(.createHardLink, entry, source, destination) { () throws(SystemError) in
      try destination.directory.descriptor.link(destination.name, to: file)
    }
    return made == .skipped ? .skipped : .hardLink
  }
}

extension Location {
  /// Whether the directory that holds the name is another than the current one.
  fileprivate var parentIsElsewhere: Bool {
    let parent = path.removingLastComponent()
    guard
      let here = try? FilePath(".").withName({ (name) throws(SystemError) in
        try Descriptor.currentDirectory.status(of: name, follow: true)
      })
    else { return true }
    let there = try? parent.withName { (name) throws(SystemError) in
      try Descriptor.currentDirectory.status(of: name, follow: true)
    }
    return there?.identity != here.identity
  }
}
