import SystemPackage

/// The third method: reading and writing through memory.
extension FileTransfer {
  /// After which a stream is looked at again in any case.
  private static var streamPollInterval: Duration { .seconds(1) }
  /// PIPE_BUF.
  private static var alwaysFits: Int { 4096 }

  mutating func copy(through buffer: DataBuffer) throws(SystemError) -> Step {
    if !unwritten.isEmpty { return try writeWhatFits(of: buffer) }
    if !isStream, position >= segmentEnd, position < statedSize {
      guard try findSegment() else {
        try finish()
        return .finished
      }
    }
    // A pipe or a terminal may have nothing yet: nobody sleeps for it here.
    if isStream, !isReadable(mover.source.number) {
      return .waiting(waitForData)
    }
    try reserve()

    // The last run is read without a bound: only that shows a file that is longer than it says.
    let isLast = isStream || segmentEnd >= statedSize
    var wanted = isLast ? buffer.capacity : Int(min(Int64(buffer.capacity), segmentEnd - position))
    if waitsForRoom, !readsAtOffsets {
      // What was read from a pipe cannot be read again: no more than another takes for sure.
      guard waitUntilReady(mover.destination.number, forWriting: true, atMost: .zero) else {
        return .waiting(waitForRoom)
      }
      wanted = min(wanted, Self.alwaysFits)
    }
    wanted = Int(min(Int64(wanted), mover.throttle.largestStep))
    guard var count = try read(wanted, into: buffer) else { return .waiting(waitForData) }
    guard count > 0 else {
      try finish()
      return .finished
    }

    if waitsForRoom {
      unwritten = 0..<count
      return try writeWhatFits(of: buffer)
    }

    var isAtEnd = false
    if !isStream, isLast, !readsToTheEnd {
      let end = position + Int64(count)
      if end > statedSize {
        if try mover.source.status().size > statedSize {
          // Somebody appends: the copy ends where the file ended when it began.
          count = Int(statedSize - position)
          isAtEnd = true
        } else {
          // Files of /proc and /sys call themselves empty, or one page long.
          readsToTheEnd = true
        }
      } else {
        isAtEnd = end == statedSize
      }
    }

    try writeWhatIsNotZero(0..<count, of: buffer, at: position)
    position += Int64(count)
    if isAtEnd { try finish() }
    return .advanced(Int64(count))
  }

  func bufferMethod() -> Method {
    // One byte more than the file says, to see that it is no longer.
    let fitting =
      statedSize == 0
      ? bufferSize : min(statedSize.saturatingAdd(1), bufferSize)
    return .buffer(
      DataBuffer(capacity: Int((fitting + 4095) & ~4095), leavesNoCache: pace.leavesNoCache))
  }

  private var bufferSize: Int64 {
    pace.limit.map { min($0.step, DataMover.bufferSize) } ?? DataMover.bufferSize
  }

  /// Nil where there is nothing yet: another reader may have taken what was there.
  private func read(_ count: Int, into buffer: DataBuffer) throws(SystemError) -> Int? {
    readsAtOffsets
      ? try mover.source.read(into: buffer, count: count, at: position)
      : try mover.source.readNow(into: buffer, count: count)
  }

  private var waitForData: Wait {
    Wait(descriptor: mover.source.number, atMost: Self.streamPollInterval)
  }

  /// Writes a part of the buffer to `offset`, in as many calls as it takes.
  mutating func write(
    _ range: Range<Int>, of buffer: DataBuffer, at offset: Int64
  ) throws(SystemError) {
    let begun = mover.throttle.isSlow ? Instant.now : nil
    do throws(SystemError) {
      try mover.destination.writeAll(
        range, of: buffer, at: destinationType == .regular ? offset : nil)
    } catch {
      // How far it got: the bytes before the failing call.
      writtenEnd = max(writtenEnd, error.offset ?? 0)
      throw error
    }
    let count = Int64(range.count)
    mover.throttle.note(count, taken: begun.map { Instant.now - $0 })
    mover.outcome.copied += count
    if case .update = method { mover.outcome.update?.written += count }
    // An update begins with a file that has its size.
    writtenEnd = max(writtenEnd, offset + count)
    allocatedEnd = max(allocatedEnd, writtenEnd)
  }

  private var waitForRoom: Wait {
    Wait(descriptor: mover.destination.number, forWriting: true, atMost: Self.streamPollInterval)
  }

  /// Into a pipe or a socket, for whose reader nobody sleeps here.
  private mutating func writeWhatFits(of buffer: DataBuffer) throws(SystemError) -> Step {
    guard let count = try mover.destination.writeNow(unwritten, of: buffer) else {
      return .waiting(waitForRoom)
    }
    unwritten = unwritten.lowerBound + count..<unwritten.upperBound
    mover.outcome.copied += Int64(count)
    position += Int64(count)
    writtenEnd = position
    return .advanced(Int64(count))
  }

  /// Writes to `offset`, where nothing is yet; where zeros are looked for, blocks of them are left out and become holes.
  mutating func writeWhatIsNotZero(
    _ part: Range<Int>, of buffer: DataBuffer, at offset: Int64
  ) throws(SystemError) {
    guard looksForZeros, destinationType == .regular else {
      return try write(part, of: buffer, at: offset)
    }
    mover.outcome.searchedForZeros = true
    var start = part.lowerBound
    while start < part.upperBound {
      let run = buffer.run(from: start, before: part.upperBound)
      if run.isZero {
        mover.outcome.holes += Int64(run.end - start)
      } else {
        try write(start..<run.end, of: buffer, at: offset + Int64(start - part.lowerBound))
      }
      start = run.end
    }
  }
}
