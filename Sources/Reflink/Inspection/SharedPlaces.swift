/// The places on storage that a file calls shared, to be asked about those of another.
struct SharedPlaces: Sendable {
  /// By the part of storage they are in, so that not all are sorted at once.
  private var parts: [UInt64: Part] = [:]
  /// By place, the ranges of the file: of encoded data only the same range of both files is
  /// known to be the same.
  private var encoded: [UInt64: Part] = [:]

  fileprivate struct Part {
    var ranges: [Range<UInt64>] = []
    /// In order, and without overlaps.
    var isSettled = false
  }

  /// 64 MiB: 16,384 blocks of 4 KiB, where each is referred to once.
  private static var partShift: UInt64 { 26 }

  mutating func insert(_ extent: ExtentMap.Extent) {
    guard case .data(let place, isShared: true, let isEncoded) = extent.kind else { return }
    if isEncoded {
      encoded[place, default: Part()].ranges.append(extent.offsets)
      return
    }
    Self.forEachPart(of: extent.places(from: place)) { part, range in
      parts[part, default: Part()].ranges.append(range)
    }
  }

  /// Bytes of a range of storage that are among these.
  mutating func plain(in range: Range<UInt64>) -> Int64 {
    var bytes: Int64 = 0
    Self.forEachPart(of: range) { part, range in
      bytes = bytes.saturatingAdd(parts[part]?.bytes(in: range) ?? 0)
    }
    return bytes
  }

  /// Bytes of an encoded extent that are the same in the other file.
  mutating func encoded(at place: UInt64, _ extent: ExtentMap.Extent) -> Int64 {
    encoded[place]?.bytes(in: extent.offsets) ?? 0
  }

  private static func forEachPart(
    of range: Range<UInt64>, _ body: (UInt64, Range<UInt64>) -> Void
  ) {
    var start = range.lowerBound
    while start < range.upperBound {
      let part = start >> partShift
      // The last part ends where numbers do.
      let isLast = part == UInt64.max >> partShift
      let end = isLast ? range.upperBound : min((part + 1) << partShift, range.upperBound)
      body(part, start..<end)
      start = end
    }
  }
}

extension SharedPlaces.Part {
  private mutating func settle() {
    let unsettled = ranges.sorted { $0.lowerBound < $1.lowerBound }
    ranges.removeAll(keepingCapacity: true)
    for range in unsettled {
      if let last = ranges.last, range.lowerBound <= last.upperBound {
        ranges[ranges.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
      } else {
        ranges.append(range)
      }
    }
    isSettled = true
  }

  mutating func bytes(in range: Range<UInt64>) -> Int64 {
    if !isSettled { settle() }
    var low = 0
    var high = ranges.count
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].upperBound <= range.lowerBound { low = middle + 1 } else { high = middle }
    }
    var bytes: UInt64 = 0
    while low < ranges.count, ranges[low].lowerBound < range.upperBound {
      let common = ranges[low].clamped(to: range)
      bytes += common.upperBound - common.lowerBound
      low += 1
    }
    return Int64(clamping: bytes)
  }
}

extension ExtentMap.Extent {
  fileprivate var offsets: Range<UInt64> {
    UInt64(clamping: range.lowerBound)..<UInt64(clamping: range.upperBound)
  }

  /// Where its bytes are on storage, as far as there are numbers for that.
  func places(from place: UInt64) -> Range<UInt64> {
    place..<place + min(UInt64(clamping: length), .max - place)
  }
}
