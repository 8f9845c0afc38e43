/// Runs of a file's blocks that are equal in two buffers, or differ, one after the other.
struct BlockRuns {
  private let first: DataBuffer
  private let second: DataBuffer
  /// Of the first buffer; the second has the same bytes of the file from its beginning on.
  private let part: Range<Int>
  /// Bytes that the second one has.
  private let count: Int
  /// Of the part, in the file.
  private let offset: Int64
  private let block: Int64
  private var start = 0

  /// - Parameters:
  ///   - offset: Of the part in the file, whose blocks are meant, not the buffer's.
  ///   - block: In bytes.
  init(
    _ first: DataBuffer, _ part: Range<Int>, _ second: DataBuffer, count: Int, at offset: Int64,
    block: Int64
  ) {
    self.first = first
    self.second = second
    self.part = part
    self.count = count
    self.offset = offset
    self.block = block
  }

  /// The next run, relative to the part; nil at its end.
  mutating func next() -> (range: Range<Int>, isEqual: Bool)? {
    guard start < part.count else { return nil }
    var end = blockEnd(start)
    let isSame = isEqual(start..<end)
    while end < part.count {
      let next = blockEnd(end)
      guard isEqual(end..<next) == isSame else { break }
      end = next
    }
    defer { start = end }
    return (start..<end, isSame)
  }

  private func blockEnd(_ start: Int) -> Int {
    let inBlock = (offset + Int64(start)) % block
    return min(start + Int(block - inBlock), part.count)
  }

  private func isEqual(_ range: Range<Int>) -> Bool {
    let mine = part.lowerBound + range.lowerBound..<part.lowerBound + range.upperBound
    return range.upperBound <= count
      && first.isEqual(mine, to: second, from: range.lowerBound)
  }
}
