/// Reads a file's extents from its first byte to its last, by one bounded FIEMAP call after the
/// other. What no extent tells of is a hole, or unknown where the file system knows no FIEMAP.
struct ExtentReader: Sendable {
  /// The file's, in bytes.
  let size: Int64
  /// How far the extents are known.
  private(set) var position: Int64 = 0
  private(set) var isFinished = false

  /// 1.5 to 9 µs each, as measured on XFS and Btrfs.
  private static var batch: Int { 1024 }

  init(size: Int64) {
    self.size = size
  }

  /// The extents that follow, of the same open file each time; none at the end.
  mutating func next(of file: borrowing Descriptor) throws(SystemError) -> [ExtentMap.Extent] {
    if isFinished { return [] }
    var extents: [ExtentMap.Extent] = []
    let found: [Descriptor.Extent]
    do throws(SystemError) {
      found = try file.extents(from: position, atMost: Self.batch)
    } catch {
      guard error.errno == .notSupported || error.errno == .inappropriateIOCTLForDevice else {
        throw error
      }
      end(with: .unknown, &extents)
      return extents
    }
    for extent in found {
      let start = min(max(extent.range.lowerBound, position), size)
      let end = min(extent.range.upperBound, size)
      if start > position { append(position..<start, .hole, to: &extents) }
      if end > start { append(start..<end, extent.kind(from: start), to: &extents) }
    }
    if found.isEmpty || found.last?.isLast ?? true || position >= size {
      end(with: .hole, &extents)
    }
    return extents
  }

  private mutating func append(
    _ range: Range<Int64>, _ kind: ExtentMap.Extent.Kind, to extents: inout [ExtentMap.Extent]
  ) {
    extents.append(ExtentMap.Extent(range: range, kind: kind))
    position = range.upperBound
  }

  /// What no extent tells of.
  private mutating func end(
    with kind: ExtentMap.Extent.Kind, _ extents: inout [ExtentMap.Extent]
  ) {
    if position < size { append(position..<size, kind, to: &extents) }
    isFinished = true
  }
}

extension Descriptor.Extent {
  /// What stands behind the part of it that begins at `offset`.
  func kind(from offset: Int64) -> ExtentMap.Extent.Kind {
    if flags.contains(.inline) { return .inline }
    if flags.contains(.unwritten) { return .unwritten }
    if !flags.isDisjoint(with: [.unknown, .delayed]) { return .unknown }
    // No file system makes extents of a tebibyte: one that says so is not believed.
    if range.length > 1 << 40 { return .unknown }
    let isEncoded = flags.contains(.encoded)
    // The place of what is encoded is where all of it begins.
    let skipped = isEncoded ? 0 : UInt64(clamping: offset.saturatingSubtract(range.lowerBound))
    let (place, isBeyond) = physical.addingReportingOverflow(skipped)
    if isBeyond { return .unknown }
    return .data(at: place, isShared: flags.contains(.shared), isEncoded: isEncoded)
  }
}
