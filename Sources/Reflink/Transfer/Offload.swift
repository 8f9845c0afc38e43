import SystemPackage

/// The second method: copy_file_range, one run of data after the other.
extension FileTransfer {
  /// One call for a part of the run of data that `position` is in.
  mutating func offload() throws(SystemError) -> Step {
    if position >= segmentEnd {
      guard try findSegment() else {
        try finish()
        return .finished
      }
    }
    try reserve()
    let moved: Int64
    do throws(SystemError) {
      moved = try mover.offload(position..<segmentEnd, to: position)
    } catch {
      switch try mover.afterRefusal(error) {
      case .again(let wait): return .waiting(wait)
      case .next(let cause): mover.offloadRefused(cause)
      case .diagnose: throw error
      }
      method = bufferMethod()
      return .advanced(0)
    }
    // 0 before the stated end: the source has shrunk, or cannot be offloaded and
    // does not say so. Reading it will tell.
    guard moved > 0 else {
      method = bufferMethod()
      return .advanced(0)
    }
    position += moved
    writtenEnd = position
    return .advanced(moved)
  }
}
