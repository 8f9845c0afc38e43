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
      // copy_file_range(2) would fill holes that nobody tells.
      if looksForZeros {
        mover.outcome.offload = .avoided
        method = bufferMethod()
        return .advanced(0)
      }
    }
    try reserve()
    let moved: Int64
    do throws(SystemError) {
      moved = try mover.offload(position..<segmentEnd, to: position)
    } catch {
      switch try mover.afterRefusal(error, remaining: statedSize - position) {
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

/// The walk from one run of data to the next, so that holes stay holes.
extension FileTransfer {
  /// Moves to the next run of data, past any hole. False at the source's end.
  @inline(never)
  mutating func findSegment() throws(SystemError) -> Bool {
    guard position < statedSize else { return false }
    guard holes != .fill else {
      segmentEnd = statedSize
      return true
    }
    do throws(SystemError) {
      guard let data = try mover.source.nextData(from: position), data < statedSize else {
        // Only a hole is left, unless the file has shrunk meanwhile.
        let end = min(statedSize, try mover.source.status().size)
        skipHole(to: max(end, position))
        return false
      }
      let hole = try mover.source.nextHole(from: data)
      skipHole(to: data)
      segmentEnd = hole > data ? min(hole, statedSize) : statedSize
      if data == 0, hole >= statedSize { lookForHiddenHoles() }
    } catch {
      // A file system that cannot tell its holes has none to show.
      guard error.call == .seek, error.errno != .ioError else { throw error }
      segmentEnd = statedSize
      lookForHiddenHoles()
    }
    return true
  }

  /// The whole file is said to be data.
  @inline(never)
  mutating func lookForHiddenHoles() {
    if mayHideHoles, destinationType == .regular { looksForZeros = true }
  }

  private mutating func skipHole(to end: Int64) {
    if end > position {
      mover.outcome.holes += end - position
      mover.outcome.foundHolesBySeeking = true
      position = end
    }
  }
}
