import Synchronization

/// Waits without a thread where the kernel would make the thread sleep.
///
/// While too much is not on storage yet, Linux slows down whoever writes to files: the system call sleeps, some 10
/// to 200 ms for as little as 32 pages (balance_dirty_pages). A call of 4 MiB was seen to take 1.4 s, in which nothing cancels
/// it, and in which nothing else runs on its thread. Where that begins can be known, so it is waited for here, and what is
/// written in spite of it, since others may keep it up for ever, is written in small parts.
struct DirtyThrottle: Sendable {
  /// Bytes that the copies of this process may write together before one of them looks again. Most copies never do.
  private static let allowance = Atomic<Int64>(4 << 20)
  /// Between two looks at most: 64 MiB cost some hundred times as much as a look.
  private static var longestAllowance: Int64 { 64 << 20 }
  /// What nobody waits for, in bytes: a small file is a few pages.
  private static var shortCopy: Int64 { 256 << 10 }
  /// How near the kernel's ceiling it begins: some steps of other workers are under way.
  private static var margin: Int64 { 32 << 20 }
  private static var wait: Duration { .milliseconds(10) }
  /// Above the limit nobody writes, so that waiting costs nothing; in the end the kernel has the last word.
  private static var longWait: Duration { .milliseconds(50) }
  private static var mostLongWaits: Int { 20 }

  private var written: Int64 = 0
  private var longWaits = 0
  private var hasWaited = false
  /// How much is written at once; nil while there is room.
  private var step: StepSize?

  /// Whether the kernel slows writers down, as far as the last look told.
  var isSlow: Bool { step != nil }
  /// Bytes for the next step.
  var largestStep: Int64 { step?.bytes ?? .max }

  /// What to wait for before the next step.
  @inline(never)
  mutating func pause() -> Wait? {
    guard written >= Self.shortCopy else { return nil }
    guard Self.allowance.load(ordering: .relaxed) <= 0 else {
      step = nil
      return nil
    }
    return look(at: DirtyPages.now)
  }

  /// Nil for pages that nothing tells of.
  @inline(never)
  mutating func look(at pages: DirtyPages?) -> Wait? {
    guard let pages else {
      Self.allowance.store(Self.longestAllowance, ordering: .relaxed)
      return nil
    }
    let room = pages.ceiling - pages.dirty - min(Self.margin, pages.ceiling / 16)
    if room > 0 {
      step = nil
      // Others write too.
      let allowance = min(max(room / 8, 1 << 20), Self.longestAllowance)
      Self.allowance.store(allowance, ordering: .relaxed)
      return nil
    }
    if pages.dirty >= pages.limit, longWaits < Self.mostLongWaits {
      longWaits += 1
      return Wait(atMost: Self.longWait)
    }
    let size = step ?? StepSize(64 << 10, within: 16 << 10...4 << 20, goal: .milliseconds(10))
    step = size
    // The largest steps are given to what the kernel does not slow down: a tmpfs, another disk.
    if !hasWaited, size.bytes < 4 << 20 {
      hasWaited = true
      return Wait(atMost: Self.wait)
    }
    hasWaited = false
    longWaits = 0
    return nil
  }

  /// Notes a step, and how long it took where that is known.
  mutating func note(_ bytes: Int64, taken: Duration?) {
    written = written.saturatingAdd(bytes)
    Self.allowance.wrappingSubtract(bytes, ordering: .relaxed)
    if let taken { step?.adapt(to: taken) }
  }
}
