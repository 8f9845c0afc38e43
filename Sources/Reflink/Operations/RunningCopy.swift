import Synchronization
import SystemPackage

/// A copy under way, with its progress, its typed errors and its own cancellation.
///
/// ```swift
/// let copying = startCopyingFile("/vm/golden.raw", to: "/vm/web1.raw")
/// print(try await copying.started == .cloned ? "cloning" : "copying")
/// for await progress in copying.progress { print(progress.fraction ?? 0) }
/// let outcome = try await copying.outcome
/// ```
///
/// It runs from the start, whether or not anybody awaits it, and to its end, unless it is
/// cancelled. Safe to use from any thread; each of its parts may be awaited by several tasks.
public final class RunningCopy<Outcome: Sendable>: Sendable {
  private let controller: CopyController
  private let state = Mutex(State())

  private struct State {
    var result: Result<Outcome, ReflinkError>?
    var waiters: [Waiter] = []
  }

  init(under parent: CopyController?) {
    controller = parent?.child() ?? CopyController()
  }

  /// How data moves, as soon as that is known: `cloned` while a clone that takes long still runs.
  /// Of a tree, for its first file; nil where all is done and no data was moved.
  ///
  /// Throws what ended the copy before.
  public var started: CopyOutcome.Method? {
    get async throws(ReflinkError) {
      let waiter = Waiter()
      if controller.addStarter(waiter) { await waiter.wait() }
      if case .failure(let error) = state.withLock({ $0.result }) { throw error }
      return controller.progress.method
    }
  }

  /// How far it is, again and again, to its end.
  public var progress: CopyProgress.Updates { controller.updates() }

  /// How far it is now.
  public var currentProgress: CopyProgress { controller.progress }

  /// What became of it, at its end. Where the task that awaits it is cancelled, so is the copy.
  public var outcome: Outcome {
    get async throws(ReflinkError) {
      await withTaskCancellationHandler {
        await end()
      } onCancel: {
        cancel()
      }
      guard let result = state.withLock({ $0.result }) else {
        preconditionFailure("an end has a result")
      }
      return try result.get()
    }
  }

  /// Ends the copy after its current step. What it had begun is removed, and `outcome` throws an
  /// error with the code `cancelled`.
  public func cancel() {
    controller.cancel()
  }

  private func end() async {
    let waiter = Waiter()
    let hasEnded = state.withLock { state in
      if state.result == nil { state.waiters.append(waiter) }
      return state.result != nil
    }
    if !hasEnded { await waiter.wait() }
  }

  private func end(_ result: Result<Outcome, ReflinkError>, _ activity: Activity) {
    let waiters = state.withLock { state in
      state.result = result
      defer { state.waiters = [] }
      return state.waiters
    }
    var hasFailed = false
    if case .failure = result { hasFailed = true }
    controller.end(activity, hasFailed: hasFailed)
    for waiter in waiters { waiter.open() }
  }
}

extension RunningCopy {
  /// Begins a copy in turns at the shared queue. Its operands are opened at once, on the caller's
  /// thread; what is wrong with them is told by `started` and `outcome`.
  static func start(
    under parent: CopyController?,
    _ request: @autoclosure () throws(ReflinkError) -> CopyRequest,
    _ outcome: @escaping @Sendable (CopyRequest.Outcome) -> Outcome
  ) -> RunningCopy {
    let copy = RunningCopy(under: parent)
    let activity = copy.controller.begin()
    do throws(ReflinkError) {
      let request = try request()
      request.expect(copy.controller)
      RunQueue.of(request.options).submit(
        CopyWork(request, activity) { copy.end($0.map(outcome), activity) })
    } catch {
      copy.end(.failure(error), activity)
    }
    return copy
  }
}
