import SystemPackage

/// Names that are taken: a look at what is there, and a decision.
extension EntryCopier {
  /// Decides about a name that turned out to be taken; asks where that is the decision. The
  /// action is never `ask` or `refuse`; `create` means that the name stays taken. Nil where the
  /// name is free again.
  func resolveConflict(
    _ entry: EntryFacts, _ source: Location, _ destination: Location
  ) throws(ReflinkError) -> EntryAction? {
    guard var entry = try examineConflict(entry, source, destination) else { return nil }
    if let changes, case .exists(let existing) = entry.destination,
      changes.takeBegun(existing.target?.identity)
    {
      return .overwrite
    }
    while true {
      let action = decide(entry)
      switch action.kind {
      case .refuse(let refusal): throw refused(refusal, source, destination)
      case .overwrite, .replace:
        // What is in a directory that was just made is another name of the same tree, where cases are not
        // told apart, or somebody else's.
        if !entry.isConfirmed, destination.directory.observed?.isNew ?? false {
          throw refused(.justCreated, source, destination)
        }
        return action
      case .create, .skip, .leave, .keepDifferent, .createThroughLink:
        return action
      case .backUp(let names):
        if try backupIsSource(names, entry, source, destination) {
          throw refused(.backupIsSource, source, destination)
        }
        return action
      case .ask:
        guard case .exists(let existing) = entry.destination, !entry.isConfirmed,
          let ask, ask(Question(destination: destination.path, existing: existing))
        else { throw refused(.declined, source, destination) }
        entry.isConfirmed = true
      }
    }
  }

  /// Looks at both names, now that they meet.
  private func examineConflict(
    _ entry: EntryFacts, _ source: Location, _ destination: Location
  ) throws(ReflinkError) -> EntryFacts? {
    var entry = entry
    try attempt(.examine(.destination), source, destination) { () throws(SystemError) in
      guard let link = try destination.statusIfPresent() else { return }
      var existing = EntryFacts.Existing(link: link, target: link)
      if link.type == .symbolicLink {
        do throws(SystemError) {
          existing.target = try destination.statusIfPresent(follow: true)
        } catch {
          guard error.errno == .tooManySymbolicLinkLevels else { throw error }
          existing.target = nil
          existing.isLoop = true
        }
      }
      existing.wasMadeHere = created?.contains(destination, link.identity) ?? false
      let sourceLink = try source.statusIfPresent()
      existing.sourceLink = sourceLink
      if entry.source.type == .symbolicLink {
        existing.sourceTarget = try? source.status(follow: true)
      }
      if sourceLink?.identity == link.identity {
        existing.isSourcesName = try source.isSameName(as: destination)
      }
      if ask != nil {
        let isLinkItself =
          existing.target == nil
          || (link.type == .symbolicLink && entry.source.type != .regular)
        existing.isWritable =
          isLinkItself || destination.directory.descriptor.canWrite(destination.name)
      }
      entry.destination = .exists(existing)
    }
    return entry.destination == .unseen ? nil : entry
  }

  /// Whether the backup would get, and destroy, the source's own name.
  private func backupIsSource(
    _ names: BackupNames, _ entry: EntryFacts, _ source: Location, _ destination: Location
  ) throws(ReflinkError) -> Bool {
    guard case .exists(let existing) = entry.destination, let sourceLink = existing.sourceLink
    else { return false }
    return try attempt(.backUp, source, destination) { () throws(SystemError) in
      let name = try names.name(for: destination)
      let there = try name.with { (name) throws(SystemError) in
        try destination.directory.descriptor.statusIfPresent(of: name, follow: false)
      }
      return there?.identity == sourceLink.identity
    }
  }

  /// What is done to the entry that has the name, where something new takes its place.
  func replacement(_ action: EntryAction) -> Replacement? {
    switch action.kind {
    case .replace: .existing
    case .backUp(let names): .backUp(names)
    default: nil
    }
  }

  /// Why something new was not made: the name itself, which cannot even be looked at, or
  /// its making.
  func notCreated(
    _ operation: ReflinkError.Operation, _ error: SystemError,
    _ source: Location, _ destination: Location
  ) -> ReflinkError {
    do throws(SystemError) {
      _ = try destination.statusIfPresent()
    } catch let unreachable {
      return unreachable.during(.examine(.destination), source.path, destination.path)
    }
    return error.during(operation, source.path, destination.path)
  }

  /// Why something that is to take another's place was not made.
  func notReplaced(
    _ replacement: Replacement, _ operation: ReflinkError.Operation, _ error: SystemError,
    _ source: Location, _ destination: Location
  ) -> ReflinkError {
    // A directory that takes no new name gives none away either.
    let isLocked = [.permissionDenied, .notPermitted, .readOnlyFileSystem].contains(error.errno)
    // A node that nobody may make is no fault of the directory.
    if isLocked, case .createSpecial = operation {
      return error.during(operation, source.path, destination.path)
    }
    var failed = operation
    if isLocked { failed = replacement == .existing ? .remove : .backUp }
    return error.during(failed, source.path, destination.path)
  }

  func tell(_ outcome: EntryOutcome, _ source: Location, _ destination: Location) {
    if let onExisting { onExisting(outcome, source.path, destination.path) }
  }

  /// Tells which name a backup got.
  func tellBackup(_ name: OwnedName?, _ source: Location, _ destination: Location) {
    guard let name else { return }
    let path = OwnedLocation(destination.directory, name).path
    tell(.backedUp(as: path), source, destination)
  }

  func refused(
    _ refusal: ReflinkError.Refusal, _ source: Location, _ destination: Location
  ) -> ReflinkError {
    ReflinkError(
      code: ReflinkError.Code(refusal), operation: .refuse(refusal),
      source: source.path, destination: destination.path,
      errno: refusal.errno)
  }

  func report(
    _ failure: AttributeCopy.Failure, _ source: Location, _ destination: Location
  ) -> ReflinkError {
    failure.error.during(failure.operation, source.path, destination.path)
  }

  /// What a call that was cancelled throws.
  func cancelled(_ source: Location, _ destination: Location) -> ReflinkError {
    ReflinkError(
      code: .cancelled, operation: .prepare, source: source.path, destination: destination.path)
  }
}

extension ReflinkError.Refusal {
  /// The errno that says the same, where there is one.
  fileprivate var errno: Errno? {
    switch self {
    case .exists: .fileExists
    case .notRegular: .notPermitted
    default: nil
    }
  }
}
