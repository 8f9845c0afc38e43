import SystemPackage

/// Entries without data of their own: symbolic links, FIFOs, sockets, devices.
extension EntryCopier {
  func copySymbolicLink(
    _ entry: EntryFacts, _ source: Place, to destination: Place
  ) throws(ReflinkError) -> Result {
    let link = try attempt(.readLink, source, destination) { () throws(SystemError) in
      try source.folder.descriptor.open(source.name, [.reference, .noFollow])
    }
    let target: FilePath
    do throws(SystemError) {
      target = try link.linkTarget()
    } catch {
      throw error.during(.readLink, source.path, destination.path)
    }
    let made = try make(.createSymbolicLink, entry, source, destination) { () throws(SystemError) in
      try destination.folder.descriptor.makeSymbolicLink(destination.name, to: target)
    }
    guard made else { return .skipped }
    try applyAttributes(from: link, entry.source, source, destination)
    return .symbolicLink
  }

  func copySpecial(
    _ entry: EntryFacts, _ source: Place, to destination: Place
  ) throws(ReflinkError) -> Result {
    let preserving = options.preserving
    // Nobody else's until it has its owner; what nothing is preserved for is final at once.
    let mode: UInt32 =
      preserving.needsOwnersOnly ? 0o600 : entry.source.permissions.rawValue & 0o777
    let made = try make(.createSpecial(entry.source.type), entry, source, destination) {
      () throws(SystemError) in
      try destination.folder.descriptor.makeSpecial(
        destination.name, like: entry.source, mode: mode)
    }
    guard made else { return .skipped }
    let reference = try attempt(.open(.source), source, destination) { () throws(SystemError) in
      try source.folder.descriptor.open(source.name, [.reference, .noFollow])
    }
    try applyAttributes(from: reference, entry.source, source, destination)
    return .special
  }

  /// Of a new node, by references that open neither side.
  private func applyAttributes(
    from reference: borrowing Descriptor, _ status: FileStatus,
    _ source: Place, _ destination: Place
  ) throws(ReflinkError) {
    let preserving = options.preserving
    guard
      preserving.needsOwnersOnly || preserving.times
    else { return }
    let copy = try attempt(.open(.destination), source, destination) { () throws(SystemError) in
      let copy = try destination.folder.descriptor.open(destination.name, [.reference, .noFollow])
      guard try copy.status().type == status.type else {
        throw SystemError(call: .open, errno: .fileExists)
      }
      return copy
    }
    let narrowed = preserving.needsOwnersOnly && !preserving.mode && status.type != .symbolicLink
    let attributes = AttributeCopy(
      preserving: preserving, source: status,
      creationMode: narrowed ? creationMode(for: status.permissions, at: destination) : nil,
      mayHoldACL: destination.folder.inheritsACL ?? true)
    do throws(AttributeCopy.Failure) {
      try attributes.apply(from: reference, to: copy)
    } catch {
      throw report(error, source, destination)
    }
  }
}
