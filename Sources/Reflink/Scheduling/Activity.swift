import Synchronization

/// One call under way: it counts at the caller's controller, where there is one, and can be
/// ended by itself. The cancellation of one task ends that task's call and no other under
/// the same controller; a tree that stops after a failure ends its own files.
final class Activity: Sendable {
  let controller: CopyController?
  /// Whether whoever watches the controller waits for its end.
  let isCopy: Bool
  private let cancelled = Atomic<Bool>(false)
  private let state = Mutex(State())

  private struct State {
    var nextToken: UInt64 = 0
    var actions: [(token: UInt64, action: @Sendable () -> Void)] = []
  }

  /// What may end it from a signal handler.
  let interruption: Interruption?

  init(_ controller: CopyController?, isCopy: Bool = true, interruption: Interruption? = nil) {
    self.controller = controller
    self.isCopy = isCopy
    self.interruption = interruption
  }

  var isCancelled: Bool { cancelled.load(ordering: .relaxed) || isInterrupted }

  var isInterrupted: Bool { interruption?.isSet ?? false }

  /// Ends the call after its current step; wakes what waits.
  func cancel() {
    cancelled.store(true, ordering: .releasing)
    let actions = state.withLock { state in
      defer { state.actions = [] }
      return state.actions.map(\.action)
    }
    for action in actions { action() }
  }

  /// Calls `action` when the call is cancelled; at once where it is already. Returns what to
  /// pass to `forget`.
  func whenCancelled(_ action: @escaping @Sendable () -> Void) -> UInt64 {
    let (token, isCancelled) = state.withLock { state in
      state.nextToken &+= 1
      // Under the lock: `cancel` sets the flag before it takes what is here.
      let isCancelled = cancelled.load(ordering: .acquiring)
      if !isCancelled { state.actions.append((state.nextToken, action)) }
      return (state.nextToken, isCancelled)
    }
    if isCancelled { action() }
    return token
  }

  func forget(_ token: UInt64) {
    state.withLock { $0.actions.removeAll { $0.token == token } }
  }
}

/// Runs a body as one call under a controller, on the caller's thread. Without a controller
/// there is no activity, and nothing is paid for it.
func underActivity<Value: ~Copyable, Failure: Error>(
  _ controller: CopyController?, isCopy: Bool = true,
  _ body: (Activity?) throws(Failure) -> Value
) throws(Failure) -> Value {
  guard let controller else { return try body(nil) }
  let activity = controller.begin(isCopy: isCopy)
  do throws(Failure) {
    let value = try body(activity)
    controller.end(activity)
    return value
  } catch {
    controller.end(activity, hasFailed: true)
    throw error
  }
}
