import SystemPackage

/// A destination opened for writing: empty when it is a regular file.
struct OpenDestination: ~Copyable {
  let descriptor: Descriptor
  /// How it comes by its name; nil for a file that was there before.
  let name: NameTransaction?
  let type: FileType
  /// What it replaces, and is to take attributes from.
  let replaced: Descriptor?

  init(
    _ descriptor: consuming Descriptor, _ name: NameTransaction?, _ type: FileType = .regular,
    replacing replaced: consuming Descriptor? = nil
  ) {
    self.replaced = replaced
    self.descriptor = descriptor
    self.name = name
    self.type = type
  }
}

extension EntryCopier {
  /// A destination, or why there is none.
  enum Destination: ~Copyable {
    case open(OpenDestination)
    /// The decision was to leave out the source.
    case skipped
    /// What is there counts as the copy.
    case unchanged
    case keptDifferent
    /// It cannot be opened without waiting: a FIFO without a reader.
    case blocked(Wait)
  }

  /// Makes the destination, or opens what is there, by the publication that was
  /// asked for and the decision.
  func openDestination(
    mode: UInt32, _ entry: EntryFacts, _ file: borrowing Descriptor,
    _ source: Location, _ destination: Location, _ turn: WorkerTurn?
  ) throws(ReflinkError) -> Destination {
    guard options.publication == .inPlace else {
      return try openUnpublished(mode: mode, entry, file, source, destination, turn)
    }
    if let unnamed = openForLongClone(mode: mode, entry, file, destination) {
      return .open(unnamed)
    }
    var found: EntryAction?
    for _ in 0..<Self.maxAttempts where found == nil {
      do throws(SystemError) {
        return .open(
          OpenDestination(
            try destination.open(writing.union([.create, .exclusive]), mode: mode), .named))
      } catch {
        // With a slash at its end a directory's name is "is a directory".
        guard error.errno == .fileExists || (error.errno == .isDirectory && isThere(destination))
        else { throw notCreated(.createFile, error, source, destination) }
      }
      // Nil where it is gone again: once more.
      found = try resolveConflict(entry, source, destination)
    }
    guard let action = found else { throw refused(.exists, source, destination) }
    if let wait = try waitForClone(of: destination, source, turn) { return .blocked(wait) }
    switch action.kind {
    case .overwrite(let orReplace):
      let existing = try openExisting(orReplace, entry, file, source, destination, turn)
      if let existing { return existing }
      return .open(try replace(.existing, mode: mode, source, destination))
    case .replace:
      return .open(try replace(.existing, mode: mode, source, destination))
    case .backUp(let names):
      return .open(try replace(.backUp(names), mode: mode, source, destination))
    case .createThroughLink:
      return .open(try createThroughLink(mode: mode, entry, file, source, destination))
    case .create:
      throw refused(.exists, source, destination)
    case .leave: return .unchanged
    case .keepDifferent: return .keptDifferent
    case .skip, .ask, .refuse: return .skipped
    }
  }

  /// What is cloned from an earlier copy is read, to be compared with the source.
  private var writing: OpenFlags { basis == nil ? .write : .readWrite }

  /// Emptying a file, or giving its name to another, waits in the kernel for a clone that has the
  /// file: it is tried again instead. Nothing is looked at while nothing large is cloned.
  private func waitForClone(
    of destination: Location, _ source: Location, _ turn: WorkerTurn?
  ) throws(ReflinkError) -> Wait? {
    guard turn != nil, !CloneLine.shared.isEmpty,
      let there = try? destination.status(follow: true),
      CloneLine.shared.isCloning(there.identity)
    else { return nil }
    if activity?.isCancelled ?? false { throw cancelled(source, destination) }
    return Wait(atMost: Self.openingInterval)
  }

  private func isThere(_ destination: Location) -> Bool {
    (try? destination.statusIfPresent()) ?? nil != nil
  }

  private func isAbsent(_ destination: Location) -> Bool {
    do throws(SystemError) { return try destination.statusIfPresent() == nil } catch {
      return false
    }
  }

  /// A file that gets its name only when it is complete.
  private func openUnpublished(
    mode: UInt32, _ entry: EntryFacts, _ file: borrowing Descriptor, _ source: Location,
    _ destination: Location, _ turn: WorkerTurn?
  ) throws(ReflinkError) -> Destination {
    let replacement: Replacement
    let action: EntryAction?
    switch try plan(unpublished: entry, source, destination) {
    case .skipped: return .skipped
    case .unchanged: return .unchanged
    case .keptDifferent: return .keptDifferent
    case .make(let planned, let decided): (replacement, action) = (planned, decided)
    }
    var mode = mode
    var replaced: Descriptor?
    if let overwritten = try openOverwritten(action, entry, source, destination) {
      switch consume overwritten {
      case .inPlace:
        let open = try openExisting(
          false, isSpecial: true, entry, file, source, destination, turn)
        guard let open else { throw refused(.exists, source, destination) }
        return open
      case .removed: break
      case .replaced(let existing):
        replaced = consume existing
        mode = 0o600
      }
    }
    if replacement != .nothing, let wait = try waitForClone(of: destination, source, turn) {
      return .blocked(wait)
    }
    return .open(
      try attempt(.createFile, source, destination) { () throws(SystemError) in
        if replacement == .nothing, options.publication == .unnamed {
          do throws(SystemError) {
            return try openUnnamed(mode: mode, destination)
          } catch {
            // FUSE, NFS and OCFS2 have no unnamed files; old kernels say EISDIR.
            guard error.errno == .notSupported || error.errno == .isDirectory else { throw error }
          }
        }
        return try openTemporary(replacement, mode: mode, destination, replacing: replaced.take())
      })
  }

  private func openUnnamed(
    mode: UInt32, _ destination: Location
  ) throws(SystemError) -> OpenDestination {
    let file = try OwnedName.dot.with { (name) throws(SystemError) in
      try destination.directory.descriptor.open(name, writing.union(.unnamed), mode: mode)
    }
    return OpenDestination(file, .unnamed)
  }

  /// Where a signal may end the copy, a file whose clone takes long gets its name last: unlink(2)
  /// would wait until the clone has ended, and longer than whoever sent the signal wants to. Nil where
  /// that is not so, or not possible.
  private func openForLongClone(
    mode: UInt32, _ entry: EntryFacts, _ file: borrowing Descriptor, _ destination: Location
  ) -> OpenDestination? {
    guard activity?.interruption != nil, options.product == .copies, options.cloning != .never,
      entry.source.type == .regular, entry.source.size > CloneLine.shortSize,
      (try? file.hasMoreExtents(than: FileTransfer.longExtents)) ?? false,
      isAbsent(destination)
    else { return nil }
    return try? openUnnamed(mode: mode, destination)
  }

  /// What is to be done about something that is published when it is complete.
  enum UnpublishedPlan {
    case skipped
    case unchanged
    case keptDifferent
    /// `nil` where the name is free.
    case make(Replacement, EntryAction?)
  }

  /// A file that is to be overwritten is replaced as a whole.
  func plan(
    unpublished entry: EntryFacts, _ source: Location, _ destination: Location
  ) throws(ReflinkError) -> UnpublishedPlan {
    let isTaken = try attempt(.examine(.destination), source, destination) {
      () throws(SystemError) in try destination.statusIfPresent() != nil
    }
    guard isTaken, let action = try resolveConflict(entry, source, destination) else {
      return .make(.nothing, nil)
    }
    switch action.kind {
    case .skip: return .skipped
    case .leave: return .unchanged
    case .keepDifferent: return .keptDifferent
    case .create: throw refused(.exists, source, destination)
    default: return .make(replacement(action) ?? .existing, action)
    }
  }

  /// A new file that takes the place of what is there once it is complete: what is
  /// there is not lost to a copy that fails.
  private func replace(
    _ replacement: Replacement, mode: UInt32, _ source: Location, _ destination: Location
  ) throws(ReflinkError) -> OpenDestination {
    let successor: OpenDestination
    do throws(SystemError) {
      successor = try openTemporary(replacement, mode: mode, destination)
    } catch {
      if ReflinkError.Code(error.errno) == .noSpace, makeRoom(replacing: replacement, destination) {
        return try attempt(.createFile, source, destination) { () throws(SystemError) in
          OpenDestination(
            try destination.open(writing.union([.create, .exclusive]), mode: mode), .named)
        }
      }
      throw notReplaced(replacement, .createFile, error, source, destination)
    }
    if replacement == .existing { tell(.removed, source, destination) }
    return successor
  }

  /// Removes what is to be replaced, where that was asked for. False where it is still there.
  func makeRoom(replacing replacement: Replacement?, _ destination: Location) -> Bool {
    guard options.removesToMakeRoom, replacement == .existing else { return false }
    do throws(SystemError) {
      try destination.directory.descriptor.remove(destination.name)
      return true
    } catch {
      return false
    }
  }

  private func openTemporary(
    _ replacement: Replacement, mode: UInt32, _ destination: Location,
    replacing replaced: consuming Descriptor? = nil
  ) throws(SystemError) -> OpenDestination {
    var file: Descriptor?
    let directory = destination.directory
    let transaction = try NameTransaction.temporary(replacement) { (name) throws(SystemError) in
      file = try directory.descriptor.open(
        name, writing.union([.create, .exclusive]), mode: mode)
      // As long as this process has it open, nobody takes it for a leftover; somebody who looks for
      // those just now has it already, and takes it away.
      if (try? file?.tryLock()) == false { throw SystemError(call: .open, errno: .fileExists) }
    }
    guard let file = file.take() else { throw SystemError(call: .open, errno: .fileExists) }
    return OpenDestination(file, transaction, replacing: replaced)
  }
}
