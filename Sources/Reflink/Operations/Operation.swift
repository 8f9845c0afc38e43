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
  _ controller: CopyController?, isCopy: Bool = true,
  _ operands: @autoclosure () throws(ReflinkError) -> Operands,
  _ begin: (Operands, Activity?) throws(ReflinkError) -> Kind
) throws(ReflinkError) -> Kind.Outcome {
  try underActivity(controller, isCopy: isCopy) { (activity) throws(ReflinkError) in
    let operands = try operands()
    while true {
      do throws(ReflinkError) {
        var operation = try begin(operands, activity)
        _ = try operation.resume(nil)
        return operation.outcome
      } catch {
        guard error.isBlockedByLease, !(activity?.isCancelled ?? false) else { throw error }
        sleep(for: Wait(atMost: EntryCopier.openingInterval))
      }
    }
  }
}

/// In turns at the shared queue. `operands` are opened on the caller's thread; the path is for
/// the error where there is no thread.
func runAsync<Operands: Sendable, Kind: Operation & ~Copyable>(
  _ controller: CopyController?, isCopy: Bool = true, _ path: FilePath,
  _ operands: @autoclosure () throws(ReflinkError) -> Operands,
  on queue: (Operands) -> RunQueue = { _ in .shared },
  _ begin: @escaping @Sendable (Operands, Activity) throws(ReflinkError) -> Kind
) async throws(ReflinkError) -> Kind.Outcome {
  try await onSharedQueue(controller, isCopy: isCopy, path, try operands(), on: queue) {
    operands, activity, completion in
    OperationWork<Kind>(activity, path, completion) { () throws(ReflinkError) in
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
  _ controller: CopyController?, isCopy: Bool = true, _ path: FilePath,
  _ open: @autoclosure () throws(ReflinkError) -> Opened,
  on queue: (Opened) -> RunQueue = { _ in .shared },
  _ make:
    (Opened, Activity, @escaping @Sendable (Result<Value, ReflinkError>) -> Void) -> any Work
) async throws(ReflinkError) -> Value {
  let activity = controller?.begin(isCopy: isCopy) ?? Activity(nil)
  let opened: Opened
  do throws(ReflinkError) {
    opened = try open()
  } catch {
    controller?.end(activity, hasFailed: true)
    throw error
  }
  // Neither of the two wrappers keeps an error's type; a result does.
  let result: Result<Value, ReflinkError> = await withTaskCancellationHandler {
    await withCheckedContinuation { continuation in
      queue(opened).submit(make(opened, activity) { continuation.resume(returning: $0) })
    }
  } onCancel: {
    activity.cancel()
  }
  do throws(ReflinkError) {
    let value = try result.get()
    controller?.end(activity)
    return value
  } catch {
    controller?.end(activity, hasFailed: true)
    throw error
  }
}

/// An operation as work for a queue.
final class OperationWork<Kind: Operation & ~Copyable>: Work {
  private enum Stage: ~Copyable {
    case toBegin
    case running(Kind)
    case ended
  }

  private let stage = Mutex(Stage.toBegin)
  /// Once it has ended, until that is told.
  private let result = Mutex<Result<Kind.Outcome, ReflinkError>?>(nil)
  let activity: Activity?
  private let path: FilePath
  private let begin: @Sendable () throws(ReflinkError) -> Kind
  private let completion: @Sendable (Result<Kind.Outcome, ReflinkError>) -> Void

  init(
    _ activity: Activity, _ path: FilePath,
    _ completion: @escaping @Sendable (Result<Kind.Outcome, ReflinkError>) -> Void,
    begin: @escaping @Sendable () throws(ReflinkError) -> Kind
  ) {
    self.activity = activity
    self.path = path
    self.begin = begin
    self.completion = completion
  }

  func take(_ turn: WorkerTurn) -> Turn {
    stage.withLock { stage in
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
          result.withLock { $0 = .success(operation.outcome) }
        } else {
          stage = .running(operation)
        }
        return end
      } catch {
        if error.isBlockedByLease, !(activity?.isCancelled ?? false) {
          stage = .toBegin
          return .waiting(Wait(atMost: EntryCopier.openingInterval))
        }
        result.withLock { $0 = .failure(error) }
        return .finished
      }
    }
  }

  func ending() -> (@Sendable () -> Void)? {
    let completion = completion
    guard let result = result.withLock({ $0.take() }) else { return nil }
    return { completion(result) }
  }

  func abandon(_ error: SystemError) {
    completion(.failure(error.during(.prepare, path)))
  }
}

extension ReflinkError {
  /// Whether somebody holds a lease of the file (fcntl(2), F_SETLEASE), which ends soon.
  var isBlockedByLease: Bool {
    if case .open = operation { errno == .resourceTemporarilyUnavailable } else { false }
  }
}
