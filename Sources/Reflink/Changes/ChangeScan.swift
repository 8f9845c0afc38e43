import SystemPackage

/// Finds what of a file was written since a clone of it was made: clones the file first, since
/// somebody may write to it, and compares the maps of the two clones, in bounded steps.
struct ChangeScan: ~Copyable, Operation {
  /// Into a file without a name, or nowhere where none can be made: then the file itself is looked at.
  private var clone: FileTransfer
  private let hasUnnamed: Bool
  private let file: FileStatus
  private let snapshot: Operand
  private let path: FilePath
  private let activity: Activity?

  private enum Stage {
    case cloning
    case comparing(SnapshotProof)
    case finished
  }
  private var stage = Stage.cloning
  private var position: Int64 = 0
  private(set) var outcome = ChangedRanges(size: 0, changed: [], equal: [], certainty: .unknown)
  private var ranges = ClassifiedRanges()

  init(
    of file: Operand, since snapshot: Operand, _ activity: Activity?
  ) throws(ReflinkError) {
    path = file.path
    self.activity = activity
    self.snapshot = snapshot
    let source = try RegularFile.open(file)
    self.file = source.status
    var unnamed: Descriptor?
    if case .named(let location) = file {
      unnamed = try? OwnedName.dot.with { (name) throws(SystemError) in
        try location.directory.descriptor.open(name, [.unnamed, .readWrite], mode: 0o600)
      }
    }
    switch unnamed.take() {
    case .some(let unnamed):
      hasUnnamed = true
      clone = FileTransfer(
        from: source.descriptor, self.file, into: unnamed, cloning: .required, holes: .keep)
    case .none:
      hasUnnamed = false
      clone = FileTransfer(
        from: source.descriptor, self.file, into: Descriptor(owning: -1), cloning: .required,
        holes: .keep)
    }
  }

  mutating func resume(_ turn: WorkerTurn?) throws(ReflinkError) -> Turn {
    do throws(SystemError) {
      if case .cloning = stage {
        if hasUnnamed, let end = try cloneSource(turn) { return end }
        try beginComparing()
      }
      while case .comparing(let proof) = stage {
        if let activity, activity.isCancelled {
          throw SystemError(call: .extents, errno: .canceled)
        }
        try compare(proof)
        if let turn, turn.isOver, case .comparing = stage { return .spent }
      }
      return .finished
    } catch {
      throw error.during(error.call == .open ? .open(.source) : .inspect, path)
    }
  }

  /// Nil once there is a clone, or none is possible.
  private mutating func cloneSource(_ turn: WorkerTurn?) throws(SystemError) -> Turn? {
    let end: Turn
    do throws(SystemError) {
      if let turn {
        end = try advance(&clone, activity, slice: turn.slice, othersWait: { turn.othersWait })
      } else {
        end = try run(&clone, activity) ? .finished : .cancelled
      }
    } catch {
      guard clone.outcome.fallback != nil else { throw error }
      giveUp()
      return nil
    }
    switch end {
    case .finished: return nil
    case .cancelled: throw SystemError(call: .clone, errno: .canceled)
    case .spent, .waiting: return end
    }
  }

  /// Nothing is known.
  private mutating func giveUp() {
    let size = file.size
    outcome = ChangedRanges(
      size: size, changed: size > 0 ? [0..<size] : [], equal: [], certainty: .unknown)
    stage = .finished
  }

  private mutating func beginComparing() throws(SystemError) {
    guard case .cloning = stage else { return }
    let earlier = try snapshot.open(.nonBlocking)
    // A name of the file itself is no clone of it.
    guard try earlier.status().identity != file.identity,
      let proof = hasUnnamed
        ? SnapshotProof(earlier, now: clone.mover.destination)
        : SnapshotProof(earlier, now: clone.mover.source)
    else { return giveUp() }
    stage = .comparing(proof)
  }

  /// One run, or the end.
  private mutating func compare(_ proof: SnapshotProof) throws(SystemError) {
    if position < proof.size {
      let run = try proof.run(at: position)
      let end = max(min(run.end, proof.size), position + 1)
      ranges.append(position..<end, run.verdict)
      position = end
      return
    }
    guard proof.holds else { return giveUp() }
    outcome = ChangedRanges(
      size: proof.size, changed: ranges.changed, equal: ranges.equal,
      certainty: ranges.hasDoubts ? .upperBound : .exact)
    stage = .finished
  }
}

/// Ranges by their verdicts, neighbours put together.
private struct ClassifiedRanges: Sendable {
  private(set) var changed: [Range<Int64>] = []
  private(set) var equal: [Range<Int64>] = []
  private(set) var hasDoubts = false

  mutating func append(_ range: Range<Int64>, _ verdict: PlaceComparison.Verdict) {
    switch verdict {
    case .equal: Self.append(range, to: &equal)
    case .moved: Self.append(range, to: &changed)
    case .doubtful:
      hasDoubts = true
      Self.append(range, to: &changed)
    }
  }

  private static func append(_ range: Range<Int64>, to ranges: inout [Range<Int64>]) {
    if let last = ranges.last, last.upperBound == range.lowerBound {
      ranges[ranges.count - 1] = last.lowerBound..<range.upperBound
    } else {
      ranges.append(range)
    }
  }
}
