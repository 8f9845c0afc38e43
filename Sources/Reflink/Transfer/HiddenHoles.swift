import SystemPackage

/// Holes that a file has and its file system does not tell: NFS before version 4.2, FUSE, and all others
/// without SEEK_HOLE call the whole file one run of data. They are found by looking for zeros.
extension FileStatus {
  /// Whether blocks are missing: then a file is sparse, or compressed.
  var mayHideHoles: Bool {
    type == .regular && size.saturatingSubtract(allocatedBytes) >= Int64(zeroBlock)
  }
}

/// What becomes a hole, or none, as one; in bytes.
private let zeroBlock = 4096

extension Descriptor {
  /// Whether a file that has fewer blocks than bytes is said to have no holes.
  @inline(never)
  func hidesHoles(_ status: FileStatus) -> Bool {
    guard status.mayHideHoles else { return false }
    do throws(SystemError) {
      guard try nextData(from: 0) == 0 else { return false }
      return try nextHole(from: 0) >= status.size
    } catch {
      return error.call == .seek && error.errno != .ioError
    }
  }
}

extension DataBuffer {
  /// The end of the run of blocks that begins at `start`, all of them zeros or none of them.
  ///
  /// - Parameters:
  ///   - start: In the buffer, in bytes. Blocks are counted from there.
  ///   - end: Of what the buffer has.
  @inline(never)
  func run(from start: Int, before end: Int) -> (end: Int, isZero: Bool) {
    func isZero(_ place: Int) -> Bool { self.isZero(place..<min(place + zeroBlock, end)) }
    let isHole = isZero(start)
    var place = min(start + zeroBlock, end)
    while place < end, isZero(place) == isHole { place = min(place + zeroBlock, end) }
    return (place, isHole)
  }
}
