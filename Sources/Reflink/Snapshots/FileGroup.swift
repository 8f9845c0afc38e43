import Synchronization
import SystemPackage

/// Several files that are cloned at one moment: all is made ready, then all are cloned, one
/// FICLONE each, then all get their attributes and names. One that fails ends all.
final class FileGroup: Sendable {
  let pairs: [OperandPair]
  let entries: EntryCopier
  /// What the second step came to; nil before it.
  private let cloned = Mutex<Result<[SuspendedFile], ReflinkError>?>(nil)

  init(
    _ sources: [FilePath], _ names: [FilePath], _ preserving: SnapshotPreservation,
    _ activity: Activity?
  ) throws(ReflinkError) {
    guard sources.count == names.count else {
      throw ReflinkError(
        code: .invalidArgument, operation: .prepare, source: sources.first ?? "",
        destination: names.first, reason: "\(sources.count) sources, \(names.count) names")
    }
    var options = CopyOptions.snapshot(preserving)
    // Two names of one file are two snapshots.
    options.preserving.hardLinks = false
    entries = EntryCopier(
      options: options, decide: decideOnSnapshotOfFile, activity: activity,
      isOfGroup: true)
    var pairs: [OperandPair] = []
    for (source, name) in zip(sources, names) {
      pairs.append(try OperandPair(OwnedName(source), OwnedName(name), entries))
    }
    self.pairs = pairs
  }

  /// Whether the second step is still to be done.
  var isToClone: Bool { cloned.withLock { $0 == nil } }

  func isCloned(_ result: Result<[SuspendedFile], ReflinkError>) {
    cloned.withLock { $0 = result }
  }

  /// What is to get its name; throws what the clones met, or that the lock was taken for nothing.
  func clonedFiles(_ ready: [SuspendedFile]) throws(ReflinkError) -> [SuspendedFile] {
    if let result = cloned.withLock({ $0 }) { return try result.get() }
    discard(ready)
    throw ReflinkError(
      code: .invalidArgument, operation: .prepare, source: pairs.first?.source.path ?? "",
      destination: pairs.first?.destination.path,
      reason: "the function that clones was not called while the lock was held")
  }

  /// Takes away all of it, since the lock was refused.
  func discardAll(_ ready: [SuspendedFile]) {
    discard(ready)
    if let files = try? cloned.withLock({ $0 })?.get() { discard(files) }
  }

  /// Takes away what was made. Returns where something still is.
  @discardableResult
  func discard(_ files: [SuspendedFile]) -> FilePath? {
    var leftover: FilePath?
    for file in files {
      guard var copy = file.take() else { continue }
      leftover = file.destination.with { entries.discard(&copy, $0) } ?? leftover
    }
    return leftover
  }
}

/// The first step: opens all sources, and makes all copies, empty.
struct GroupPreparation: ~Copyable, Operation {
  private let group: FileGroup
  private var place: ClonePlace?
  private(set) var outcome: [SuspendedFile] = []

  init(_ group: FileGroup) {
    self.group = group
  }

  mutating func resume(_ turn: WorkerTurn?) throws(ReflinkError) -> Turn {
    do throws(ReflinkError) {
      if let wait = try waitForTurn() {
        if turn != nil { return .waiting(wait) }
        repeat {
          sleep(for: wait)
          try requireNotCancelled()
        } while !(wait.place?.isGranted ?? true)
      }
      while outcome.count < group.pairs.count {
        let pair = group.pairs[outcome.count]
        let result = try OwnedLocation.with(pair.source, pair.destination) {
          (from, to) throws(ReflinkError) in
          try group.entries.copy(
            from, isOperand: true, to: to, WorkerTurn(queue: turn?.queue, place: place))
        }
        switch consume result {
        case .unfinished(let file, _):
          outcome.append(file)
          // What is not written out yet is written by the clone, while the lock is held.
          if turn == nil { file.writeOutSource() }
        case .blocked(let wait):
          if turn != nil { return .waiting(wait) }
          sleep(for: wait)
        default: preconditionFailure("a file of a group halts before its data")
        }
      }
      return .finished
    } catch {
      var failure = error
      failure.leftover = failure.leftover ?? group.discard(outcome)
      throw failure
    }
  }

  /// For all large sources at once: whoever waits for one has none. Nil when it is their turn.
  private mutating func waitForTurn() throws(ReflinkError) -> Wait? {
    try requireNotCancelled()
    if place == nil {
      var large: [FileStatus.Identity] = []
      for pair in group.pairs {
        let status = pair.source.with { try? $0.status() }
        if let status, status.type == .regular, status.size > CloneLine.shortSize,
          !large.contains(status.identity)
        {
          large.append(status.identity)
        }
      }
      if large.isEmpty { return nil }
      place = CloneLine.shared.enter(large, for: .clone)
    }
    guard let place, !place.isGranted else { return nil }
    return Wait(place)
  }

  private func requireNotCancelled() throws(ReflinkError) {
    guard group.entries.activity?.isCancelled ?? false else { return }
    throw ReflinkError(
      code: .cancelled, operation: .prepare, source: group.pairs.first?.source.path ?? "",
      destination: group.pairs.first?.destination.path)
  }
}

/// The second and the third step of what was made ready: all data; all attributes and names.
struct GroupStep: ~Copyable, Operation {
  private let group: FileGroup
  private let halt: FileCopy.Halt?
  private var files: [SuspendedFile]
  private var index = 0
  private var hasBegun = false
  private var outcomes: [CopyOutcome] = []
  /// References to what has its name, to be taken away again.
  private var published: [Published] = []

  private final class Published: Sendable {
    let file: Descriptor
    let destination: OwnedLocation

    init(_ file: consuming Descriptor, _ destination: OwnedLocation) {
      self.file = file
      self.destination = destination
    }
  }

  /// - Parameter halt: `afterData` for the second step, nil for the third.
  init(_ group: FileGroup, _ files: [SuspendedFile], to halt: FileCopy.Halt?) {
    self.group = group
    self.files = files
    self.halt = halt
  }

  var outcome: (files: [SuspendedFile], outcomes: [CopyOutcome]) { (files, outcomes) }

  mutating func resume(_ turn: WorkerTurn?) throws(ReflinkError) -> Turn {
    do throws(ReflinkError) {
      while index < files.count {
        if let end = try resumeFile(turn) { return end }
      }
      return .finished
    } catch {
      var failure = error
      failure.leftover = failure.leftover ?? takeBack()
      throw failure
    }
  }

  /// Goes on with one file. Nil when the next one, or the same again, is to follow at once.
  private mutating func resumeFile(_ turn: WorkerTurn?) throws(ReflinkError) -> Turn? {
    let file = files[index]
    if !hasBegun {
      try begin(file)
      hasBegun = true
    }
    switch try group.entries.resume(file, turn) {
    case .file(let outcome):
      outcomes.append(outcome)
      endFile()
      return nil
    case .unfinished(let next, let wait):
      files[index] = next
      if next.hasData, halt != nil {
        endFile()
        return nil
      }
      return wait.map { .waiting($0) } ?? .spent
    default: preconditionFailure("a file of a group is finished or not")
    }
  }

  private mutating func endFile() {
    index += 1
    hasBegun = false
  }

  private mutating func begin(_ file: SuspendedFile) throws(ReflinkError) {
    do throws(SystemError) {
      // The very same descriptor that was checked stays open until all have their names.
      if halt == nil { published.append(Published(try file.reference(), file.destination)) }
      try file.goOn(to: halt)
    } catch {
      throw error.during(.examine(.source), file.source.path, file.destination.path)
    }
  }

  /// What has its name already loses it again, and the others never get one.
  private func takeBack() -> FilePath? {
    var leftover = group.discard(files)
    for made in published {
      leftover =
        made.destination.with { NameTransaction.named.discard(made.file, at: $0) } ?? leftover
    }
    return leftover
  }
}

extension SuspendedFile {
  fileprivate func writeOutSource() {
    copy.withLock { try? $0?.transfer.mover.source.synchronize() }
  }

  /// Another descriptor of what is made.
  fileprivate func reference() throws(SystemError) -> Descriptor {
    try copy.withLock { (copy) throws(SystemError) in
      guard let number = copy?.transfer.mover.destination.number else {
        throw SystemError(call: .duplicate, errno: .badFileDescriptor)
      }
      return try Descriptor(duplicating: number)
    }
  }
}
