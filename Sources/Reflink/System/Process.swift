import CReflink
import SystemPackage

/// A moment of CLOCK_MONOTONIC.
struct Instant: Comparable, Sendable {
  private let nanoseconds: Int64

  static var now: Instant { Instant(nanoseconds: creflink_monotonic()) }

  static func + (start: Instant, duration: Duration) -> Instant {
    Instant(nanoseconds: start.nanoseconds + duration.wholeNanoseconds)
  }
  static func - (end: Instant, start: Instant) -> Duration {
    .nanoseconds(end.nanoseconds - start.nanoseconds)
  }
  static func < (a: Instant, b: Instant) -> Bool { a.nanoseconds < b.nanoseconds }
}

extension Duration {
  var wholeNanoseconds: Int64 {
    let (seconds, attoseconds) = components
    return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
  }
}

/// Waits on this thread, by ppoll(2), until `descriptor` is ready or `limit` is over; a
/// negative descriptor waits for the time alone. Returns whether it is ready.
@discardableResult
func waitUntilReady(
  _ descriptor: CInt, forWriting: Bool = false, atMost limit: Duration
) -> Bool {
  var awaited = creflink_readiness(
    descriptor: descriptor, for_writing: forWriting, is_ready: false)
  // A signal only ends the wait early; whoever waits looks again.
  return unsafe creflink_wait(&awaited, 1, max(limit.wholeNanoseconds, 0)) == 1
}

/// Whether `descriptor` is readable now.
func isReadable(_ descriptor: CInt) -> Bool {
  waitUntilReady(descriptor, atMost: .zero)
}

/// Runs `body` on a new thread of its own, with every signal blocked; pthread_create(3).
func startThread(_ body: @escaping @Sendable () -> Void) throws(SystemError) {
  let box = unsafe Unmanaged.passRetained(ThreadBody(body))
  do throws(SystemError) {
    _ = try check(.thread) {
      unsafe creflink_start_thread(
        { context in
          guard let context = unsafe context else { return }
          unsafe Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue().body()
        }, box.toOpaque())
    }
  } catch {
    unsafe box.release()
    throw error
  }
}

private final class ThreadBody: Sendable {
  let body: @Sendable () -> Void
  init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}

/// The size past which this process may not write, in bytes; RLIMIT_FSIZE.
func fileSizeLimit() -> Int64 {
  creflink_file_size_limit()
}

/// Whether this process may give files away: the effective user is 0.
func isPrivileged() -> Bool {
  creflink_effective_user() == 0
}
