import SystemPackage

/// The second method: copy_file_range, one run of data after the other.
extension FileTransfer {
  /// Long enough to cost nothing, short enough to be cancelled within milliseconds. Where
  /// the kernel slows writers down, since too much is not written out yet, a step is made
  /// shorter until it takes those milliseconds again. The first does not know yet, and is
  /// short: one of 4 MiB was seen to take 1.4 s.
  static var offloadSize: StepSize {
    StepSize(512 << 10, within: shortestOffload...4 << 20, goal: .milliseconds(10))
  }
  private static var shortestOffload: Int64 { 256 << 10 }

  /// One call for up to `size` bytes.
  mutating func offload(_ size: StepSize) throws(SystemError) -> Step {
    if position >= segmentEnd {
      guard try findSegment() else {
        try finish()
        return .finished
      }
    }
    try reserve()
    let moved: Int
    let count = min(size.bytes, segmentEnd - position)
    let begun = count >= Self.shortestOffload ? Instant.now : nil
    do throws(SystemError) {
      moved = try destination.copy(
        count: Int(count), from: source, at: position, to: position)
    } catch {
      return try offloadFailed(error)
    }
    // 0 before the stated end: the source has shrunk, or cannot be offloaded and
    // does not say so. Reading it will tell.
    guard moved > 0 else {
      method = bufferMethod()
      return .advanced(0)
    }
    if let begun {
      var size = size
      size.adapt(to: Instant.now - begun)
      method = .offload(size)
    }
    outcome.offload = .worked
    outcome.offloaded += Int64(moved)
    position += Int64(moved)
    writtenEnd = position
    return .advanced(Int64(moved))
  }

  private mutating func offloadFailed(_ error: SystemError) throws(SystemError) -> Step {
    switch verdict(on: error) {
    case .terminal, .diagnose:
      throw error
    case .transient:
      if let wait = patience.next() { return .waiting(wait) }
      if outcome.offload != .worked { outcome.offload = .refused(.busy) }
    case .fallBack(let cause):
      if outcome.offload != .worked { outcome.offload = .refused(cause) }
    }
    method = bufferMethod()
    return .advanced(0)
  }
}
