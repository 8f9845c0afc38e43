import SystemPackage

/// The second rung: copy_file_range, one run of data after the other.
extension FileTransfer {
  /// Long enough to cost nothing, short enough to be cancelled within milliseconds.
  private static var stepSize: Int64 { 4 << 20 }

  mutating func offload() throws(SystemError) -> Step {
    if position >= segmentEnd {
      guard try findSegment() else { return try finish() }
    }
    try reserve()
    let moved: Int
    do throws(SystemError) {
      moved = try destination.copy(
        count: Int(min(Self.stepSize, segmentEnd - position)),
        from: source, at: position, to: position)
    } catch {
      return try offloadFailed(error)
    }
    // 0 before the stated end: the source has shrunk, or cannot be offloaded and
    // does not say so. Reading it will tell.
    guard moved > 0 else {
      rung = bufferRung()
      return .advanced(0)
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
    case .nextRung(let cause):
      if outcome.offload != .worked { outcome.offload = .refused(cause) }
    }
    rung = bufferRung()
    return .advanced(0)
  }

  /// Reserves the blocks of the run of data, where that was measured to pay: on
  /// ext4 and XFS, for runs longer than one step. (On Btrfs it would undo
  /// compression, on tmpfs it writes every page twice.)
  mutating func reserve() throws(SystemError) {
    guard segmentEnd - position > Self.stepSize, segmentEnd > allocatedEnd, !isStream else { return }
    let end = segmentEnd
    guard let type = try? destination.fileSystemType(), type == .ext4 || type == .xfs else {
      allocatedEnd = end
      return
    }
    do throws(SystemError) {
      try destination.allocate(position..<end)
    } catch {
      // Full is full, and better said before the copy than after most of it.
      if error.errno == .noSpace || error.errno == .diskQuotaExceeded { throw error }
    }
    allocatedEnd = end
  }
}
