import Synchronization

/// One file's copy as work for a queue.
final class FileWork: Work {
  private enum Stage {
    case toOpen(Open)
    case running(KeptFileCopy)
    case over
  }

  private let stage: Mutex<Stage>
  /// Opens both files, and moves data on as far as the turn goes.
  typealias Open = @Sendable (WorkerTurn) throws(ReflinkError) -> EntryCopier.Result

  private let entries: EntryCopier
  private let source: OwnedLocation
  private let destination: OwnedLocation
  private let completion: @Sendable (Result<CopyOutcome, ReflinkError>) -> Void

  /// A file that was opened already.
  convenience init(
    _ entries: EntryCopier, _ copy: KeptFileCopy, _ source: OwnedLocation,
    to destination: OwnedLocation,
    completion: @escaping @Sendable (Result<CopyOutcome, ReflinkError>) -> Void
  ) {
    self.init(entries, .running(copy), source, to: destination, completion)
  }

  convenience init(
    _ entries: EntryCopier, _ source: OwnedLocation, to destination: OwnedLocation,
    opening open: @escaping Open,
    completion: @escaping @Sendable (Result<CopyOutcome, ReflinkError>) -> Void
  ) {
    self.init(entries, .toOpen(open), source, to: destination, completion)
  }

  private init(
    _ entries: EntryCopier, _ stage: Stage, _ source: OwnedLocation,
    to destination: OwnedLocation,
    _ completion: @escaping @Sendable (Result<CopyOutcome, ReflinkError>) -> Void
  ) {
    self.entries = entries
    self.stage = Mutex(stage)
    self.source = source
    self.destination = destination
    self.completion = completion
  }

  func take(_ turn: WorkerTurn) -> Turn {
    var end = Turn.finished
    var ended: Result<CopyOutcome, ReflinkError>?
    stage.withLock { stage in
      let current = stage
      stage = .over
      do throws(ReflinkError) {
        let result = try step(current, turn)
        switch consume result {
        case .unfinished(let copy, let wait):
          stage = .running(copy)
          end = if let wait { .waiting(wait) } else { .spent }
        case .file(let outcome): ended = .success(outcome)
        default: ended = .success(CopyOutcome())
        }
      } catch {
        ended = .failure(error)
      }
    }
    if let ended { completion(ended) }
    return end
  }

  private func step(
    _ stage: Stage, _ turn: WorkerTurn
  ) throws(ReflinkError) -> EntryCopier.Result {
    switch stage {
    case .over: return .skipped
    case .toOpen(let open): return try open(turn)
    case .running(let copy):
      return try OwnedLocation.with(source, destination) { (from, to) throws(ReflinkError) in
        guard let copy = copy.take() else { return .skipped }
        return try entries.resumeAndRecord(with: copy, from, to, turn)
      }
    }
  }
}
