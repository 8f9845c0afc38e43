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

/// Waits on this thread until `descriptor` is readable or `limit` is over; ppoll(2).
/// A negative descriptor waits for the time alone.
func waitUntilReadable(_ descriptor: CInt, atMost limit: Duration) {
  // A signal only ends the wait early; whoever waits looks again.
  _ = creflink_wait(descriptor, max(limit.wholeNanoseconds, 0))
}

/// Whether `descriptor` is readable now.
func isReadable(_ descriptor: CInt) -> Bool {
  creflink_wait(descriptor, 0) == 1
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
