import SystemPackage

/// Files that are there already, opened to be written into.
extension EntryCopier {
  /// The target of a dangling link, made through it (POSIXLY_CORRECT). If it came into being
  /// meanwhile, it is a file that is there, and is emptied.
  func createThroughLink(
    mode: UInt32, _ entry: EntryFacts, _ file: borrowing Descriptor, _ source: Location,
    _ destination: Location
  ) throws(ReflinkError) -> OpenDestination {
    do throws(SystemError) {
      let target = try destination.open([.write, .create], mode: mode)
      let status = try target.status()
      try prepare(target, status, for: file, entry.source)
      return OpenDestination(target, nil, status.type)
    } catch {
      throw cannotWrite(error, source, destination)
    }
  }

  /// The file that is there, emptied. Nil when it is to be replaced instead.
  func openExisting(
    _ orReplace: Bool, isSpecial: Bool = false, _ entry: EntryFacts, _ file: borrowing Descriptor,
    _ source: Location, _ destination: Location, _ turn: WorkerTurn?
  ) throws(ReflinkError) -> Destination? {
    while true {
      do throws(SystemError) {
        // Neither a FIFO's reader nor the end of a lease is waited for here.
        let existing = try destination.open([.write, .nonBlocking])
        // The decision was made by name; this is the file itself.
        let status = try existing.status()
        if isSpecial, status.type == .regular {
          throw SystemError(call: .statx, errno: .fileExists)
        }
        if status.identity == entry.source.identity {
          throw SystemError(call: .link, errno: .fileExists)
        }
        // Pipes and terminals stay so: nobody waits for room in the call itself.
        if status.type != .regular, status.type != .fifo, !existing.isTerminal {
          try existing.setNonBlocking(false)
        }
        try prepare(existing, status, for: file, entry.source)
        return .open(OpenDestination(existing, nil, status.type))
      } catch {
        if error.call == .link { throw refused(.sameFile, source, destination) }
        guard isBlocked(error, destination) else {
          if orReplace, error.call == .open { return nil }
          throw cannotWrite(error, source, destination)
        }
        let wait = Wait(atMost: Self.openingInterval)
        if activity?.isCancelled ?? false { throw cancelled(source, destination) }
        if turn != nil { return .blocked(wait) }
        sleep(for: wait)
      }
    }
  }

  /// Whether a file could not be opened for writing now, and can be later: a FIFO that nobody
  /// reads, a file that somebody holds a lease of.
  private func isBlocked(_ error: SystemError, _ destination: Location) -> Bool {
    guard error.call == .open, let type = try? destination.status(follow: true).type else {
      return false
    }
    return switch error.errno {
    case .noSuchAddressOrDevice: type == .fifo
    case .resourceTemporarilyUnavailable: type == .regular
    default: false
    }
  }

  /// Empties a file that is there, once a clone that is required is known to be possible.
  func prepare(
    _ existing: borrowing Descriptor, _ status: FileStatus,
    for file: borrowing Descriptor, _ source: FileStatus
  ) throws(SystemError) {
    guard options.product == .copies else { return }
    let isRegular = status.type == .regular
    if options.cloning == .required {
      try requireSharing(file, source, into: existing, isRegular: isRegular)
      if let change = existing.noCopyOnWriteDifference(to: file), !existing.mayAdopt(change) {
        throw SystemError(call: .cloneRange, errno: .notPermitted)
      }
    }
    if isRegular { try existing.truncate(to: 0) }
  }

  /// Why a file that is there cannot be filled anew.
  func cannotWrite(
    _ error: SystemError, _ source: Location, _ destination: Location
  ) -> ReflinkError {
    let isClone = error.call == .cloneRange
    var failure = error.during(isClone ? .clone : .createFile, source.path, destination.path)
    if isClone, case .fallBack(let cause) = verdict(on: error) {
      failure.code = ReflinkError.Code(cause)
    }
    return failure
  }

  /// Before an existing file loses its data to a clone that must succeed.
  private func requireSharing(
    _ file: borrowing Descriptor, _ status: FileStatus,
    into existing: borrowing Descriptor, isRegular: Bool
  ) throws(SystemError) {
    guard status.type == .regular, isRegular else {
      throw SystemError(call: .cloneRange, errno: .notSupported)
    }
    guard status.size <= fileSizeLimit() else {
      throw SystemError(call: .cloneRange, errno: .fileTooLarge)
    }
    try existing.requireSharing(with: file)
  }
}
