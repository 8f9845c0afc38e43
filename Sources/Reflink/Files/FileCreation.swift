import SystemPackage

/// What a new file's mode is to be, from its creation to its end.
struct NewFileRights {
  /// For openat(2).
  let mode: UInt32
  /// Whether creation gives the source's own rights, and the umask alone may narrow them.
  let areSources: Bool
  /// Set in the end where the source's mode is not preserved and creation does not decide.
  let final: FilePermissions?
}

extension EntryCopier {
  /// A file is its owner's alone until it has its owner and its rights. Where both are the
  /// source's from the start it is made with them: to change them afterwards is the
  /// dearest call of a small file's copy on a file system with a journal.
  func creationRights(
    _ source: FileStatus, _ attributes: SourceAttributes, _ from: Location, _ to: Location
  ) throws(ReflinkError) -> NewFileRights {
    let preserving = options.preserving
    if let observed = to.directory.observed, preserving.mode, attributes.areNone,
      !observed.inheritsACL, source.permissions.isSubset(of: .allPermissions),
      preserving.owner == .ignore || observed.givesOwner(of: source)
    {
      return NewFileRights(mode: source.permissions.rawValue, areSources: true, final: nil)
    }
    let final = try attempt(.preserveMode, from, to) {
      () throws(SystemError) -> FilePermissions? in
      try finalMode(of: source, in: to.directory)
    }
    return NewFileRights(
      mode: preserving.needsOwnersOnly ? 0o600 : wantedPermissions(of: source).rawValue,
      areSources: false, final: final)
  }

  /// What is left to be given to an open destination; nil for nothing.
  func attributeCopy(
    _ attributes: SourceAttributes, _ rights: NewFileRights, _ source: FileStatus,
    to target: borrowing OpenDestination, _ from: Location, _ to: Location
  ) throws(ReflinkError) -> AttributeCopy? {
    let preserving = options.preserving
    // What takes another's attributes first is, after that, like a file that was there.
    let isReplaced =
      switch target.replaced {
      case .some: true;
      case .none: false
      }
    let isNew = target.name != nil && !isReplaced
    let preservesAny =
      preserving.needsOwnersOnly || preserving.times || preserving.extendedAttributes != .ignore
      || (isNew && rights.final != nil)
    guard target.type == .regular, preservesAny else { return nil }
    guard isNew else {
      return AttributeCopy(
        preserving: preserving, attributes: attributes, isNew: false, mayHaveACL: true)
    }
    let observed = to.directory.observed
    var copy = AttributeCopy(
      preserving: preserving, attributes: attributes, isNew: true, creationMode: rights.final,
      removesInheritedACL: options.usesDefaultMode, mayHaveACL: observed?.inheritsACL ?? true)
    guard let observed, preserving.needsOwnersOnly else { return copy }
    // What creation made of it: the umask, and whose the directory's files are, may change at
    // any time.
    let made = try? target.descriptor.rights()
    copy.ownerIsFinal = made?.owner == source.owner && made?.group == source.group
    if let made, !rights.areSources || !copy.ownerIsFinal {
      observed.observe(owner: made.owner, group: made.group)
    }
    copy.modeIsFinal = rights.areSources && made?.permissions == source.permissions
    if rights.areSources, preserving.owner != .ignore, !copy.ownerIsFinal {
      copy.modeIsFinal = false
      try narrow(target, from, to)
    }
    return copy
  }

  /// Takes back what creation gave to another owner or group than was expected.
  private func narrow(
    _ target: borrowing OpenDestination, _ source: Location, _ destination: Location
  ) throws(ReflinkError) {
    do throws(SystemError) {
      try target.descriptor.setMode([.ownerRead, .ownerWrite])
    } catch {
      var failure = error.during(.preserveMode, source.path, destination.path)
      failure.leftover = target.name?.discard(target.descriptor, at: destination)
      throw failure
    }
  }

  /// Tells whoever watches that a file begins.
  func announce(_ entry: EntryFacts, _ source: Location) {
    guard let controller = activity?.controller else { return }
    if entry.isOperand { controller.expect(bytes: entry.source.size, files: 1) }
    if entry.isOperand || controller.isToNote(entry.source.size) { controller.begin(source.path) }
  }
}

extension FilePermissions {
  /// Reading, writing and executing for all; neither set-id bits nor the sticky bit.
  fileprivate static var allPermissions: FilePermissions { FilePermissions(rawValue: 0o777) }
}
