import Synchronization
import SystemPackage

/// What one verb does, opened and then resumed to its outcome: on the caller's thread, or
/// in turns at the shared queue.
protocol Operation: ~Copyable, Sendable {
  associatedtype Outcome: Sendable

  /// Goes on as far as the turn goes, without one to the end. Never `cancelled`: that
  /// throws. After an error it is not resumed again.
  mutating func resume(_ turn: WorkerTurn?) throws(ReflinkError) -> Turn

  /// Valid once `resume` said `finished`.
  var outcome: Outcome { get }
}

/// To the end, on the caller's thread. `operands` are opened as a part of the call: who watches
/// its controller sees it end where they are refused.
func runBlocking<Operands, Kind: Operation & ~Copyable>(
  _ controller: CopyController?, _ operands: @autoclosure () throws(ReflinkError) -> Operands,
  _ begin: (Operands, Activity?) throws(ReflinkError) -> Kind
) throws(ReflinkError) -> Kind.Outcome {
  try underActivity(controller) { (activity) throws(ReflinkError) in
    var operation = try begin(try operands(), activity)
    _ = try operation.resume(nil)
    return operation.outcome
  }
}

/// In turns at the shared queue. `operands` are opened on the caller's thread; the path is for
/// the error where there is no thread.
func runAsync<Operands: Sendable, Kind: Operation & ~Copyable>(
  _ controller: CopyController?, _ path: FilePath,
  _ operands: @autoclosure () throws(ReflinkError) -> Operands,
  _ begin: @escaping @Sendable (Operands, Activity) throws(ReflinkError) -> Kind
) async throws(ReflinkError) -> Kind.Outcome {
  try await onSharedQueue(controller, path, try operands()) { operands, activity, completion in
    OperationWork<Kind>(activity, completion) { () throws(ReflinkError) in
      try begin(operands, activity)
    }
  }
}

/// Gives work to the shared queue and awaits its end, so that Swift's cooperative pool is
/// never blocked: its threads are few, and a copy may take hours. The task's cancellation
/// ends this call, and no other under the same controller.
///
/// `make` gets what was opened, what ends the call, and whom to tell the end.
func onSharedQueue<Opened, Value: Sendable>(
  _ controller: CopyController?, _ path: FilePath,
  _ open: @autoclosure () throws(ReflinkError) -> Opened,
  _ make:
    (Opened, Activity, @escaping @Sendable (Result<Value, ReflinkError>) -> Void) -> any Work
) async throws(ReflinkError) -> Value {
  let activity = controller?.begin() ?? Activity(nil)
  defer { controller?.end(activity) }
  let opened = try open()
  // Neither of the two wrappers keeps an error's type; a result does.
  let result: Result<Value, ReflinkError> = await withTaskCancellationHandler {
    await withCheckedContinuation { continuation in
      let work = make(opened, activity) { continuation.resume(returning: $0) }
      do throws(SystemError) {
        try RunQueue.shared.submit(work)
      } catch {
        continuation.resume(returning: .failure(error.during(.prepare, path)))
      }
    }
  } onCancel: {
    activity.cancel()
  }
  return try result.get()
}

/// An operation as work for a queue.
final class OperationWork<Kind: Operation & ~Copyable>: Work {
  private enum Stage: ~Copyable {
    case toBegin
    case running(Kind)
    case ended
  }

  private let stage = Mutex(Stage.toBegin)
  let activity: Activity?
  private let begin: @Sendable () throws(ReflinkError) -> Kind
  private let completion: @Sendable (Result<Kind.Outcome, ReflinkError>) -> Void

  init(
    _ activity: Activity,
    _ completion: @escaping @Sendable (Result<Kind.Outcome, ReflinkError>) -> Void,
    begin: @escaping @Sendable () throws(ReflinkError) -> Kind
  ) {
    self.activity = activity
    self.begin = begin
    self.completion = completion
  }

  func take(_ turn: WorkerTurn) -> Turn {
    var ended: Result<Kind.Outcome, ReflinkError>?
    let end: Turn = stage.withLock { stage in
      var current = Stage.ended
      swap(&current, &stage)
      do throws(ReflinkError) {
        var operation: Kind
        switch consume current {
        case .ended: return .finished
        case .running(let running): operation = running
        case .toBegin: operation = try begin()
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
