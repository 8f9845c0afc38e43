/// Compares where two files of one file system have their data, from the first byte to the last.
///
/// What both have at one place holds the same bytes in both: a block that two files refer to is
/// never written in place. All that is in doubt counts as changed.
struct PlaceComparison: Sendable {
  private var before: ExtentRuns
  private var now: ExtentRuns
  /// What places are multiples of, in bytes.
  private let unit: Int64

  /// How two files compare in one run.
  enum Verdict: Sendable {
    /// The same bytes: one place, or zeros in both.
    case equal
    /// Data at two places, or data and zeros.
    case moved
    /// The file system does not tell enough.
    case doubtful
  }

  init(before: Int64, now: Int64, unit: Int64) {
    self.before = ExtentRuns(size: before)
    self.now = ExtentRuns(size: now)
    self.unit = max(unit, 1)
  }

  /// The verdict on what begins at `offset`, which never decreases and is less than the size of the
  /// later file, and where that run ends. Makes one FIEMAP call of each file at most; a run that they
  /// do not show to its end is followed by another.
  mutating func run(
    at offset: Int64, before earlier: borrowing Descriptor, now later: borrowing Descriptor
  ) throws(SystemError) -> (verdict: Verdict, end: Int64) {
    let held = try now.extent(at: offset, of: later)
    // What the earlier file does not have.
    guard offset < before.size else { return (.moved, held.range.upperBound) }
    let was = try before.extent(at: offset, of: earlier)
    let end = min(was.range.upperBound, held.range.upperBound)
    return (compare(was, held, at: offset), end)
  }

  private func compare(
    _ was: ExtentMap.Extent, _ held: ExtentMap.Extent, at offset: Int64
  ) -> Verdict {
    switch (was.kind, held.kind) {
    case (.hole, .hole), (.hole, .unwritten), (.unwritten, .hole), (.unwritten, .unwritten):
      return .equal
    case (.data(let old, _, false), .data(let new, _, false)):
      guard let old = was.place(of: offset, old), let new = held.place(of: offset, new),
        offset % unit == 0, old % UInt64(unit) == 0, new % UInt64(unit) == 0
      else { return .doubtful }
      return old == new ? .equal : .moved
    case (.data(_, _, false), .hole), (.data(_, _, false), .unwritten), (.hole, .data(_, _, false)),
      (.unwritten, .data(_, _, false)):
      return .moved
    // The place of what is encoded says nothing of which part of it a file has.
    default: return .doubtful
    }
  }
}

extension ExtentMap.Extent {
  /// Where one of its bytes is, of data that begins at `place`.
  fileprivate func place(of offset: Int64, _ place: UInt64) -> UInt64? {
    let (sum, isBeyond) = place.addingReportingOverflow(
      UInt64(clamping: offset.saturatingSubtract(range.lowerBound)))
    return isBeyond ? nil : sum
  }
}

/// The extents of a file, a window of them at a time.
private struct ExtentRuns: Sendable {
  private var reader: ExtentReader
  private var window: [ExtentMap.Extent] = []
  private var index = 0

  init(size: Int64) {
    reader = ExtentReader(size: size)
  }

  var size: Int64 { reader.size }

  /// The extent that has the byte at `offset`, which never decreases, and is inside the file.
  mutating func extent(
    at offset: Int64, of file: borrowing Descriptor
  ) throws(SystemError) -> ExtentMap.Extent {
    while true {
      while index < window.count, window[index].range.upperBound <= offset { index += 1 }
      if index < window.count { return window[index] }
      if reader.isFinished { break }
      window = try reader.next(of: file)
      index = 0
    }
    return ExtentMap.Extent(range: offset..<max(size, offset.saturatingAdd(1)), kind: .unknown)
  }
}
