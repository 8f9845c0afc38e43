/// How long a job may keep its thread while others wait: the kernel's `cond_resched()`.
struct TimeSlice {
  static let standard = Duration.milliseconds(10)

  private let end: Instant

  init(_ length: Duration = standard) {
    end = .now + length
  }

  /// Whether to give way now: only when somebody waits *and* the turn has lasted
  /// long enough. While nobody waits the clock is not even read.
  func isFinished(othersWait: () -> Bool) -> Bool {
    othersWait() && Instant.now >= end
  }
}
