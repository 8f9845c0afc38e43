/// What one step of a transfer came to.
enum Step: Equatable {
  /// So many bytes further (or none, when it only changed its method).
  case advanced(Int64)
  /// Nothing to do before this.
  case waiting(Wait)
  case finished
}

/// What work waits for: a descriptor to become ready, or a time to pass, whichever is first; or
/// its turn at a large file.
struct Wait: Equatable {
  var descriptor: CInt = -1
  /// Ready for writing, not for reading.
  var forWriting = false
  var atMost: Duration
  /// Whether the cancellation of the work ends it early.
  var endsWithCancellation = true
  /// Where the work stands in line.
  var place: ClonePlace?

  init(
    descriptor: CInt = -1, forWriting: Bool = false, atMost: Duration,
    endsWithCancellation: Bool = true
  ) {
    self.descriptor = descriptor
    self.forWriting = forWriting
    self.atMost = atMost
    self.endsWithCancellation = endsWithCancellation
  }

  init(_ place: ClonePlace) {
    self.init(atMost: .seconds(1))
    self.place = place
  }

  static func == (a: Wait, b: Wait) -> Bool {
    a.descriptor == b.descriptor && a.forWriting == b.forWriting && a.atMost == b.atMost
      && a.endsWithCancellation == b.endsWithCancellation && a.place === b.place
  }
}

/// Data on its way in bounded steps, after the kernel's rule for copying a huge page: one
/// small page, then a look whether the turn has lasted long enough.
protocol Transfer: ~Copyable {
  /// Does one bounded amount of work. Never loops over a whole file, never sleeps.
  mutating func step() throws(SystemError) -> Step

  /// Ends the transfer early. It is not stepped again.
  mutating func cancel()

  /// How far it got, in bytes; may grow while it waits.
  var bytesDone: Int64 { get }

  /// What was read to be compared with an earlier copy, and written since it differed, in bytes.
  var compared: (read: Int64, written: Int64) { get }

  /// How data moves; nil while that is not known.
  var movesBy: CopyOutcome.Method? { get }
}

extension Transfer where Self: ~Copyable {
  var compared: (read: Int64, written: Int64) { (0, 0) }
}

/// How long work may keep its thread while others wait: the kernel's `cond_resched()`.
struct TimeSlice {
  private let end: Instant

  /// 10 ms from now on.
  init() { end = .now.advanced(byNanoseconds: 10_000_000) }

  init(_ length: Duration) { end = .now + length }

  private init(end: Instant) { self.end = end }

  /// Of a thread for which nobody waits. The clock is not read.
  static var unlimited: TimeSlice { TimeSlice(end: .distantFuture) }

  /// Whether to give way now: only when somebody waits *and* the turn has lasted
  /// long enough. While nobody waits the clock is not even read.
  func isSpent(othersWait: () -> Bool) -> Bool {
    othersWait() && Instant.now >= end
  }
}

/// Why a turn ended.
enum Turn: Equatable {
  case finished
  case cancelled
  /// The slice is spent and others wait.
  case spent
  case waiting(Wait)
}

/// Steps a transfer until it is finished, cancelled, has to wait, or its slice is
/// spent and others wait. The one place that drives transfers, whoever's thread it is.
func advance<T: Transfer & ~Copyable>(
  _ transfer: inout T, _ activity: Activity?, slice: TimeSlice, othersWait: () -> Bool
) throws(SystemError) -> Turn {
  while true {
    if let activity, activity.isCancelled {
      transfer.cancel()
      return .cancelled
    }
    let (before, compared) = (transfer.bytesDone, transfer.compared)
    let step = try transfer.step()
    if let controller = activity?.controller {
      controller.add(transfer.bytesDone.saturatingSubtract(before))
      if transfer.compared.read != compared.read {
        controller.compared(
          transfer.compared.read.saturatingSubtract(compared.read),
          transfer.compared.written.saturatingSubtract(compared.written))
      }
      if let method = transfer.movesBy { controller.moves(by: method) }
    }
    switch step {
    case .advanced: break
    case .finished: return .finished
    case .waiting(let wait): return .waiting(wait)
    }
    if slice.isSpent(othersWait: othersWait) { return .spent }
  }
}

/// Runs a transfer to its end on the caller's own thread, which nobody else waits for.
/// Returns false when it was cancelled.
func run<T: Transfer & ~Copyable>(
  _ transfer: inout T, _ activity: Activity?
) throws(SystemError) -> Bool {
  while true {
    switch try advance(&transfer, activity, slice: .unlimited, othersWait: { false }) {
    case .finished: return true
    case .cancelled: return false
    case .spent: break
    case .waiting(let wait): sleep(for: wait)
    }
  }
}

/// Waits on the caller's own thread; short enough to see a cancellation soon.
func sleep(for wait: Wait) {
  // Polled: whoever leaves the line wakes work, not threads.
  if wait.place != nil { return _ = waitUntilReady(-1, atMost: .milliseconds(2)) }
  waitUntilReady(
    wait.descriptor, forWriting: wait.forWriting, atMost: min(wait.atMost, .milliseconds(20)))
}
