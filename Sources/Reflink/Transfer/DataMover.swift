import SystemPackage

/// The methods by which data goes from one open file into another, one bounded system call
/// each, and what came of them. Whole files and ranges share it: one order of methods, one
/// sorting of errors, one adapting of steps.
struct DataMover: ~Copyable, Sendable {
  var source: Descriptor
  let destination: Descriptor
  let cloning: CopyOptions.Cloning
  var outcome = CopyOutcome()
  /// For what goes to the page cache.
  var throttle = DirtyThrottle()
  private var backoff = Backoff()

  /// How much one copy_file_range(2) moves. Long enough to cost nothing, short enough to be
  /// cancelled within milliseconds. Where a step takes longer (a slow server), the next is made
  /// shorter until it takes those milliseconds again. The first does not know yet, and is short.
  private var offloadSize = StepSize(
    512 << 10, within: shortestOffload...4 << 20, goal: .milliseconds(10))
  private static var shortestOffload: Int64 { 256 << 10 }

  /// Of the buffer between read(2) and write(2). Larger ones leave the processor's cache and
  /// cost up to 2.6 times the work.
  static var bufferSize: Int64 { 256 << 10 }

  init(
    from source: consuming Descriptor, into destination: consuming Descriptor,
    _ cloning: CopyOptions.Cloning
  ) {
    self.source = source
    self.destination = destination
    self.cloning = cloning
  }

  /// Bytes that no clone moved.
  var moved: Int64 { outcome.offloaded.saturatingAdd(outcome.copied) }

  /// Makes each step of an offload so long, in bytes.
  mutating func limitSteps(to bytes: Int64) {
    offloadSize = StepSize(fixed: bytes)
  }

  /// FICLONERANGE. Returns the length of the range.
  mutating func clone(
    _ range: Range<Int64>, to offset: Int64, adapting size: inout StepSize
  ) throws(SystemError) -> Int64 {
    let begun = Instant.now
    try destination.clone(range, from: source, to: offset)
    size.adapt(to: Instant.now - begun)
    outcome.clone = .worked
    outcome.cloned = outcome.cloned.saturatingAdd(range.length)
    return range.length
  }

  /// One copy_file_range(2) for the beginning of a range. Returns the bytes moved; 0 where the
  /// source has ended, or cannot be offloaded and does not say so.
  mutating func offload(
    _ range: Range<Int64>, to offset: Int64
  ) throws(SystemError) -> Int64 {
    let count = min(offloadSize.bytes, throttle.largestStep, range.length)
    // Short calls tell nothing of the speed, and the clock costs as much as they do.
    let begun = count >= Self.shortestOffload || throttle.isSlow ? Instant.now : nil
    let moved = Int64(
      try destination.copy(
        count: Int(count), from: source, at: range.lowerBound, to: offset))
    guard moved > 0 else { return 0 }
    let taken = begun.map { Instant.now - $0 }
    if let taken { offloadSize.adapt(to: taken) }
    throttle.note(moved, taken: taken)
    outcome.offload = .worked
    outcome.offloaded += moved
    return moved
  }

  /// What the refusal of a clone or an offload leads to.
  enum AfterRefusal {
    /// The same again, after a wait.
    case again(Wait)
    /// The next method, for this reason.
    case next(FallbackCause)
    /// EINVAL of a clone: several causes share it.
    case diagnose
  }

  /// Sorts an error; throws it where the same would happen by any other method. `remaining`: the
  /// bytes that another method would write.
  mutating func afterRefusal(
    _ error: SystemError, remaining: Int64
  ) throws(SystemError) -> AfterRefusal {
    // XFS says so of one allocation group that is full, while there is room in others; and, rarely,
    // for a moment, beside other clones (seen on Linux 6.18 with nearly all of 64 GiB free).
    if error.errno == .noSpace, error.call != .copyRange,
      (try? destination.freeBytes()) ?? 0 > remaining
    {
      if let wait = backoff.next() { return .again(wait) }
      if cloning == .preferred { return .next(.other(.noSpace)) }
    }
    return switch verdict(on: error) {
    case .terminal: throw error
    case .transient: if let wait = backoff.next() { .again(wait) } else { .next(.busy) }
    case .fallBack(let cause): .next(cause)
    case .diagnose: .diagnose
    }
  }

  /// Notes why the rest is not cloned; throws where it must be.
  mutating func cloneRefused(
    _ cause: FallbackCause, _ error: SystemError
  ) throws(SystemError) {
    if outcome.clone != .worked { outcome.clone = .refused(cause) }
    if cloning == .required { throw error }
  }

  /// Notes why the rest is not offloaded.
  mutating func offloadRefused(_ cause: FallbackCause) {
    if outcome.offload != .worked { outcome.offload = .refused(cause) }
  }
}

/// How much one system call is given that cannot be cut short: as much as took about a
/// goal's time before. What a byte costs differs by orders of magnitude (extents,
/// pages that are not written out yet), so nothing but trying tells.
struct StepSize: Sendable {
  /// Bytes for the next call.
  private(set) var bytes: Int64
  private let limits: ClosedRange<Int64>
  private let goal: Duration

  init(_ bytes: Int64, within limits: ClosedRange<Int64>, goal: Duration) {
    self.bytes = bytes
    self.limits = limits
    self.goal = goal
  }

  /// One that stays as it is.
  init(fixed bytes: Int64) {
    self.init(bytes, within: bytes...bytes, goal: .zero)
  }

  /// Halved after a call that took longer than the goal, doubled after one that took
  /// less than two fifths of it.
  mutating func adapt(to taken: Duration) {
    if taken > goal {
      bytes = max(bytes / 2, limits.lowerBound)
    } else if taken * 5 < goal * 2 {
      bytes = min(bytes * 2, limits.upperBound)
    }
  }
}
