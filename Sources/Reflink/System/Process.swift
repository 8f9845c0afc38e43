import CReflink
import SystemPackage

/// A moment of CLOCK_MONOTONIC.
struct Instant: Comparable, Sendable {
  private let nanoseconds: Int64

  static var now: Instant { Instant(nanoseconds: creflink_monotonic()) }

  static var distantFuture: Instant { Instant(nanoseconds: .max) }

  func advanced(byNanoseconds nanoseconds: Int64) -> Instant {
    Instant(nanoseconds: self.nanoseconds.saturatingAdd(nanoseconds))
  }

  static func + (start: Instant, duration: Duration) -> Instant {
    Instant(nanoseconds: start.nanoseconds.saturatingAdd(duration.wholeNanoseconds))
  }
  static func - (end: Instant, start: Instant) -> Duration {
    .nanoseconds(end.nanoseconds.saturatingSubtract(start.nanoseconds))
  }
  static func < (a: Instant, b: Instant) -> Bool { a.nanoseconds < b.nanoseconds }
}

/// Seconds since 1970; time(2).
func wallClockSeconds() -> Int64 { creflink_wall_clock_seconds() }

extension Duration {
  /// Saturating: 292 years are as good as for ever.
  var wholeNanoseconds: Int64 {
    let (seconds, attoseconds) = components
    return seconds.saturatingMultiply(1_000_000_000)
      .saturatingAdd(attoseconds / 1_000_000_000)
  }
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

/// The same for work that can be left undone. Returns whether it runs.
package func startThreadIfPossible(_ body: @escaping @Sendable () -> Void) -> Bool {
  do throws(SystemError) {
    try startThread(body)
    return true
  } catch {
    return false
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

/// geteuid(2).
func effectiveUser() -> UserID {
  UserID(rawValue: creflink_effective_user())
}

/// getpid(2).
func processID() -> CInt {
  creflink_process()
}

/// Whose rights to files a thread has; setfsuid(2). Linux keeps them for each thread: a
/// file server may give every thread those of another user.
struct FileCredentials: Equatable, Sendable {
  let user: UserID
  let group: GroupID

  /// Those of the calling thread.
  static var current: FileCredentials { FileCredentials(creflink_file_credentials()) }

  /// Those of the main thread, which stand for the process's.
  static var process: FileCredentials { FileCredentials(creflink_process_credentials()) }

  private init(_ credentials: creflink_credentials) {
    user = UserID(rawValue: credentials.user)
    group = GroupID(rawValue: credentials.group)
  }

  /// Gives them to the calling thread, where that is permitted.
  func adopt() {
    creflink_set_file_credentials(
      creflink_credentials(user: user.rawValue, group: group.rawValue))
  }
}

/// Gives the calling thread, and those that it starts, what nobody else wants: sched_setscheduler(2)
/// with SCHED_IDLE, ioprio_set(2) with the class "idle". Where that is refused it stays as it is.
package func standBack() {
  creflink_stand_back()
}

/// How many workers the descriptors that this process may have are enough for: each has four at most,
/// beside those of the directories that are open.
func workersForDescriptors() -> Int {
  Int(clamping: max((creflink_descriptor_limit() - 16) / 4, 1))
}

/// Workers where nobody chose: one for each processor, at most 4.
func defaultWorkers() -> Int {
  min(max(Int(creflink_processors()), 1), 4)
}
