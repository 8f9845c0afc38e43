import Synchronization
import SystemPackage

/// What one verb does, opened and then moved on in turns to its outcome: here on the
/// caller's thread, or at the shared queue.
protocol Operation: ~Copyable, Sendable {
  associatedtype Outcome: Sendable

  /// Moves on as far as the turn goes, without one to the end. Never `cancelled`: that
  /// throws. After an error it is not asked again.
  mutating func resume(_ turn: WorkerTurn?) throws(ReflinkError) -> Turn

  /// Valid once `goOn` said `finished`.
  var outcome: Outcome { get }
}

/// To the end, on the caller's thread.
func perform<Verb: Operation & ~Copyable>(
  _ controller: CopyController?, _ begin: () throws(ReflinkError) -> Verb
) throws(ReflinkError) -> Verb.Outcome {
  controller?.began()
  defer { controller?.ended() }
  var operation = try begin()
  _ = try operation.resume(nil)
  return operation.outcome
}

/// In turns at the shared queue. The paths are for the error where there is no thread.
func perform<Verb: Operation & ~Copyable>(
  _ controller: CopyController?, _ source: FilePath, _ destination: FilePath? = nil,
  _ begin: @escaping @Sendable (CopyController) throws(ReflinkError) -> Verb
) async throws(ReflinkError) -> Verb.Outcome {
  try await runAsync(source, destination, controller) { controller, completion in
    OperationWork<Verb>(completion) { () throws(ReflinkError) in try begin(controller) }
  }
}

/// An operation as work for a queue.
final class OperationWork<Verb: Operation & ~Copyable>: Work {
  private enum Stage: ~Copyable {
    case toOpen
    case running(Verb)
    case over
  }

  private let stage = Mutex(Stage.toOpen)
  private let begin: @Sendable () throws(ReflinkError) -> Verb
  private let completion: @Sendable (Result<Verb.Outcome, ReflinkError>) -> Void

  init(
    _ completion: @escaping @Sendable (Result<Verb.Outcome, ReflinkError>) -> Void,
    begin: @escaping @Sendable () throws(ReflinkError) -> Verb
  ) {
    self.begin = begin
    self.completion = completion
  }

  func take(_ turn: WorkerTurn) -> Turn {
    var ended: Result<Verb.Outcome, ReflinkError>?
    let end: Turn = stage.withLock { stage in
      var current = Stage.over
      swap(&current, &stage)
      do throws(ReflinkError) {
        var operation: Verb
        switch consume current {
        case .over: return .finished
        case .running(let running): operation = running
        case .toOpen: operation = try begin()
        }
        let end = try operation.resume(turn)
        if end == .finished {
          ended = .success(operation.outcome)
        } else {
          stage = .running(operation)
        }
        return end
      } catch {
        ended = .failure(error)
        return .finished
      }
    }
    if let ended { completion(ended) }
    return end
  }
}
