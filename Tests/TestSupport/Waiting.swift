import Foundation
import Synchronization

/// Whether something becomes true; the bound is only a guard against waiting for ever. Other tests
/// may hold all threads of the cooperative pool for a while.
public func becomesTrue(
  within bound: Duration = .seconds(300), _ isTrue: () async throws -> Bool
) async rethrows -> Bool {
  let end = ContinuousClock.now + bound
  while ContinuousClock.now < end {
    if try await isTrue() { return true }
    try? await Task.sleep(for: .milliseconds(5))
  }
  return try await isTrue()
}

/// Does work that must be met before its end, and says whether it was. How quick the work is
/// beside other tests nobody knows: where it was over before anybody looked, there is more of it
/// the next time, by a factor.
public func meetsUnderWay(_ body: (_ factor: Int) async throws -> Bool) async rethrows -> Bool {
  for factor in [1, 2, 4, 4, 4] where try await body(factor) { return true }
  return false
}

/// Whether a task ends. One that does not is not waited for any longer.
public func ends<Value, Failure>(
  _ task: Task<Value, Failure>, within bound: Duration = .seconds(300)
) async -> Bool {
  let end = Flag()
  Task.detached {
    _ = await task.result
    end.set()
  }
  return await becomesTrue(within: bound) { end.isSet }
}

/// Runs what blocks on a thread of its own; the task ends with it.
public func onThread<Value: Sendable>(
  _ body: @escaping @Sendable () throws -> Value
) -> Task<Value, any Error> {
  Task.detached {
    try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread { continuation.resume(with: Result(catching: body)) }
    }
  }
}

/// Set once, from any thread.
public final class Flag: Sendable {
  private let value = Atomic<Bool>(false)
  public init() {}
  public var isSet: Bool { value.load(ordering: .acquiring) }
  public func set() { value.store(true, ordering: .releasing) }
}
