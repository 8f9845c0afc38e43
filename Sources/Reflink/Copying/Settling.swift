import SystemPackage

/// Names that are taken: a look at what is there, a decision, and room for the new.
extension EntryCopier {
  /// Decides about a name that turned out to be taken, and does what comes before
  /// the product: asks, moves aside. Never `ask` or `refuse`; `create` means that the
  /// name stays taken.
  func settle(
    _ entry: EntryFacts, _ source: Location, _ destination: Location
  ) throws(ReflinkError) -> Settled {
    var entry = try look(entry, source, destination)
    while true {
      let action = decide(entry)
      switch action.kind {
      case .refuse(let refusal): throw refused(refusal, source, destination)
      case .create, .skip, .leave, .overwrite, .replace, .createThroughLink:
        return Settled(action: action)
      case .backUp(let names):
        let moved = try backUp(names, entry.destination, source, destination)
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
    var moved: BackedUp?
  }

  /// Looks at both names, now that they meet.
  private func look(
    _ entry: EntryFacts, _ source: Location, _ destination: Location
  ) throws(ReflinkError) -> EntryFacts {
    let from = source.directory
    let to = destination.directory
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
      let sourceLink = try from.descriptor.status(of: source.name, follow: false)
      existing.sourceLink = sourceLink
      if entry.source.type == .symbolicLink {
        existing.sourceTarget = try? from.descriptor.status(of: source.name, follow: true)
      }
      if sourceLink.identity == link.identity {
        existing.isSourcesName = try isOneName(source, destination)
      }
      if ask != nil { existing.isWritable = to.descriptor.canWrite(destination.name) }
      entry.destination = .exists(existing)
    }
    return entry
  }

  /// Whether two places are one name of one directory.
  private func isOneName(_ a: Location, _ b: Location) throws(SystemError) -> Bool {
    func directory(_ place: Location) throws(SystemError) -> FileIdentity {
      try place.parent.withName { (parent) throws(SystemError) in
        try place.directory.descriptor.status(of: parent, follow: true).identity
      }
    }
    guard a.name.path.lastComponent == b.name.path.lastComponent else { return false }
    return try directory(a) == directory(b)
  }

  /// Makes something that cannot be written into: a link, a node.
  func make(
    _ operation: ReflinkError.Operation, _ entry: EntryFacts,
    _ source: Location, _ destination: Location, _ create: () throws(SystemError) -> Void
  ) throws(ReflinkError) -> Made {
    do throws(SystemError) {
      try create()
      return .new
    } catch {
      guard error.errno == .fileExists else {
        throw notMade(operation, error, source, destination)
      }
    }
    let settled = try settle(entry, source, destination)
    switch settled.action.kind {
    case .skip: return .skipped
    case .leave: return .left
    case .backUp: break
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

  /// Why a new name was not made: the name itself, which cannot even be looked at, or
  /// its making.
  func notMade(
    _ operation: ReflinkError.Operation, _ error: SystemError,
    _ source: Location, _ destination: Location
  ) -> ReflinkError {
    do throws(SystemError) {
      _ = try destination.directory.descriptor.statusIfPresent(of: destination.name, follow: false)
    } catch let unreachable {
      return unreachable.during(.examine(.destination), source.path, destination.path)
    }
    return error.during(operation, source.path, destination.path)
  }

  /// What became of something to be made.
  enum Made {
    case new
    /// It was there as it should be.
    case left
    case skipped
  }

  func remove(_ destination: Location, _ source: Location) throws(ReflinkError) {
    do throws(SystemError) {
      try destination.directory.descriptor.remove(destination.name)
    } catch {
      if error.errno == .noSuchFileOrDirectory { return }
      throw error.during(.remove, source.path, destination.path)
    }
    tell(.removed, source, destination)
  }

  func tell(_ outcome: EntryOutcome, _ source: Location, _ destination: Location) {
    if let onExisting { onExisting(outcome, source.path, destination.path) }
  }

  func refused(_ refusal: Refusal, _ source: Location, _ destination: Location) -> ReflinkError {
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
}

extension Refusal {
  /// The system's own word for it, where it has one.
  fileprivate var errno: Errno? {
    switch self {
    case .exists: .fileExists
    case .notRegular: .notPermitted
    default: nil
    }
  }
}
