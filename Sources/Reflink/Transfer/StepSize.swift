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
