import SystemPackage

/// Holes in what is copied of a range: they stay holes, and what stood in their place goes.
extension RangeTransfer {
  /// Finds the run of data that begins at `start`. Where it is in a hole, makes that in the
  /// destination, and returns its length.
  mutating func skipHole(at start: Int64, before end: Int64) throws(SystemError) -> Int64? {
    if segment.contains(start) { return nil }
    let data: Int64
    do throws(SystemError) {
      data = try mover.source.nextData(from: start) ?? end
      if data <= start {
        segment = start..<max(try mover.source.nextHole(from: start), start + 1)
        return nil
      }
    } catch {
      // A file system that cannot tell its holes has none to show.
      guard error.call == .seek, error.errno != .ioError else { throw error }
      segment = start..<end
      return nil
    }
    let hole = start..<min(data, end)
    // Past its end there are no holes, but nothing: the source has shrunk.
    guard try mover.source.status().size >= hole.upperBound else {
      segment = start..<end
      return nil
    }
    guard try makeHole(hole.lowerBound + shift..<hole.upperBound + shift) else {
      segment = hole
      return nil
    }
    mover.outcome.holes = mover.outcome.holes.saturatingAdd(hole.length)
    return hole.length
  }

  /// False where the file system makes no holes: then zeros are written.
  func makeHole(_ range: Range<Int64>) throws(SystemError) -> Bool {
    let size = try mover.destination.status().size
    let inside = range.lowerBound..<max(min(range.upperBound, size), range.lowerBound)
    if !inside.isEmpty {
      do throws(SystemError) {
        try mover.destination.punchHole(inside)
      } catch {
        guard error.errno == .notSupported || error.errno == .noFunction else { throw error }
        return false
      }
    }
    if range.upperBound > size { try mover.destination.truncate(to: range.upperBound) }
    return true
  }
}
