import CReflink
import SystemPackage

/// Waits on this thread, by ppoll(2), until `descriptor` is ready or `limit` is over; a
/// negative descriptor waits for the time alone. Returns whether it is ready; a signal only
/// ends the wait early.
@discardableResult
func waitUntilReady(
  _ descriptor: CInt, forWriting: Bool = false, atMost limit: Duration
) -> Bool {
  creflink_wait(descriptor, forWriting, max(limit.wholeNanoseconds, 0)) == 1
}

/// Whether `descriptor` is readable now, or nothing can tell: whoever uses it then waits in the call
/// that needs it, and does not ask for ever.
func isReadable(_ descriptor: CInt) -> Bool {
  let result = creflink_wait(descriptor, false, 0)
  return result != 0 && Errno(rawValue: -result) != .interrupted
}

/// Where threads wait for an event; futex(2).
///
/// Read the count, then look at what the event changes, then wait for the count to pass:
/// an event in between is not missed.
// The word lives as long as its owner, and is touched by atomic operations only.
@safe final class EventCount: @unchecked Sendable {
  private let count = unsafe creflink_make_event_count()

  deinit { unsafe creflink_free_event_count(count) }

  var current: UInt32 { unsafe creflink_event_count_read(count) }

  /// - Parameter milliseconds: When it ends in any case; negative for never.
  func wait(past seen: UInt32, atMost milliseconds: CInt = -1) {
    unsafe creflink_event_count_wait(count, seen, milliseconds)
  }

  func advance(waking threads: Int) {
    unsafe creflink_event_count_advance(count, CInt(clamping: threads))
  }
}

/// A set of descriptors that one thread waits for; epoll(7), with an eventfd(2) by which
/// other threads end its wait. Adding and removing is safe from any thread.
struct PollSet: ~Copyable, Sendable {
  private let poll: Descriptor
  private let event: Descriptor

  /// The token of the event that only ends a wait.
  private static var interruption: UInt64 { .max }

  init() throws(SystemError) {
    let poll = Descriptor(owning: try check(.poll) { creflink_make_poll() })
    let event = Descriptor(owning: try check(.poll) { creflink_make_event() })
    try Self.arm(poll, event)
    self.poll = poll
    self.event = event
  }

  private static func arm(
    _ poll: borrowing Descriptor, _ event: borrowing Descriptor
  ) throws(SystemError) {
    let (poll, event) = (poll.number, event.number)
    _ = try check(.poll) { creflink_poll_add(poll, event, false, false, interruption) }
  }

  /// Reports `descriptor` as `token`, once. False for what is always ready, and what cannot
  /// be waited for.
  func add(_ descriptor: CInt, forWriting: Bool, token: UInt64) -> Bool {
    creflink_poll_add(poll.number, descriptor, forWriting, true, token) >= 0
  }

  /// To be called before the descriptor is closed.
  func remove(_ descriptor: CInt) {
    _ = creflink_poll_remove(poll.number, descriptor)
  }

  /// Ends the wait of the thread that is in `wait`, or the next one.
  func interrupt() {
    _ = creflink_event_signal(event.number)
  }

  /// Waits at most so long; appends the tokens of what is ready.
  func wait(atMost limit: Duration?, _ tokens: inout [UInt64]) {
    // Rounded up: a wait that ends early would be begun again and again.
    let milliseconds = limit.map { limit in
      CInt(clamping: max(limit.wholeNanoseconds, 0).saturatingAdd(999_999) / 1_000_000)
    }
    var found = [UInt64](repeating: 0, count: 64)
    let count = unsafe creflink_poll_wait(
      poll.number, &found, CInt(found.count), milliseconds ?? -1)
    guard count > 0 else { return }
    for token in found.prefix(Int(count)) {
      if token == Self.interruption {
        _ = creflink_event_drain(event.number)
      } else {
        tokens.append(token)
      }
    }
  }
}
