import Synchronization

/// A hand on a running copy, from any thread: how far it is, and an end to it.
///
/// A copy that nobody holds a control of pays nothing for it. One control may
/// serve several copies; it then counts all their bytes and cancels them all.
public final class Control: Sendable {
  private let cancelled = Atomic<Bool>(false)
  private let done = Atomic<Int64>(0)

  public init() {}

  /// Asks every copy under this control to end. Each ends after its current step
  /// (milliseconds; one whole FICLONE of a short file cannot be cut), removes what
  /// it had begun, and throws an error with the code `cancelled`.
  public func cancel() {
    cancelled.store(true, ordering: .relaxed)
  }

  public var isCancelled: Bool {
    cancelled.load(ordering: .relaxed)
  }

  /// Bytes done so far: cloned, offloaded, copied and skipped as holes.
  public var bytesDone: Int64 {
    done.load(ordering: .relaxed)
  }

  func add(_ bytes: Int64) {
    if bytes != 0 { done.add(bytes, ordering: .relaxed) }
  }
}
