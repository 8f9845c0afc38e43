import SystemPackage

/// Bringing a clone of an earlier copy up to date: only blocks that differ are written, so that only
/// they take space. Holes become what they are in the source.
extension FileTransfer {
  /// What is compared and written as one, in bytes.
  private static var block: Int64 { 4096 }
  /// Bytes that one step makes a hole of.
  private static var longestPunch: Int64 { 1 << 30 }

  /// The earlier copy is cloned into the destination.
  mutating func beginUpdate(_ update: Update) throws(SystemError) {
    var account = CopyOutcome.Update()
    account.earlier = update.path
    mover.outcome.clone = .worked
    mover.outcome.update = account
    update.unit = max(Self.block, (try? mover.destination.sharingUnit().bytes) ?? 0)
    update.copySize = mover.destination.setSmallestCopies()
    // At once, before anything becomes a hole; XFS would unshare the last block of a file that keeps its size.
    let size = try mover.destination.status().size
    if size != statedSize {
      if size < statedSize { try cutLastHole(size, update) }
      try mover.destination.truncate(to: statedSize)
    }
    writtenEnd = statedSize
    restart(update)
  }

  /// Btrfs writes zeros to the last block of a file that grows, also where that is a hole: they would have to be
  /// found and punched again.
  @inline(never)
  private func cutLastHole(_ size: Int64, _ update: Update) throws(SystemError) {
    let block = size / update.unit * update.unit
    guard block < size else { return }
    do throws(SystemError) {
      guard try mover.destination.nextData(from: block) == nil else { return }
    } catch {
      // A file system that cannot tell.
      return
    }
    try mover.destination.truncate(to: block)
  }

  private mutating func restart(_ update: Update) {
    allocatedEnd = writtenEnd
    position = 0
    segmentEnd = 0
    method = .update(update)
  }

  /// Compares everything, from the beginning.
  private mutating func restartWithoutProof(_ update: Update) {
    update.dropProof()
    mover.outcome.cloned = 0
    mover.outcome.copied = 0
    mover.outcome.holes = 0
    mover.outcome.update?.equalByProof = 0
    mover.outcome.update?.equalByComparison = 0
    restart(update)
  }

  /// One bounded part: what is known to be equal, a hole, or some data to be compared.
  mutating func update(_ update: Update) throws(SystemError) -> Step {
    guard position < statedSize else { return try endUpdate(update) }
    let start = position
    var limit = statedSize
    if let proof = update.proof {
      if position >= update.changedEnd {
        guard let run = try? proof.run(at: position) else {
          restartWithoutProof(update)
          return .advanced(0)
        }
        // Whole blocks of the destination: one of which a part has changed may become a hole.
        let isSettled = run.end >= statedSize && update.size == statedSize
        let end = isSettled ? statedSize : run.end / update.unit * update.unit
        if run.verdict == .equal, end > position {
          equal(end - position, isProven: true)
          position = end
          return .advanced(end - start)
        }
        let next = max(run.end, position + 1).roundedUp(to: update.unit)
        // The last block of the longest files has no end that is a number.
        update.changedEnd = next > position ? next : statedSize
      }
      limit = min(limit, update.changedEnd)
    }
    if position >= segmentEnd, let end = try holeEnd() {
      guard end > position else {
        // The source has shrunk.
        statedSize = position
        return .advanced(0)
      }
      let hole = position..<min(end, limit)
      if let length = try makeHole(hole, update) {
        mover.outcome.holes += length
        position += length
        return .advanced(length)
      }
      segmentEnd = hole.upperBound
    }
    return try compare(until: min(segmentEnd, limit), update)
  }

  /// The end of the hole at `position`; nil in data, which ends at `segmentEnd` then.
  private mutating func holeEnd() throws(SystemError) -> Int64? {
    do throws(SystemError) {
      guard let data = try mover.source.nextData(from: position), data < statedSize else {
        return max(min(statedSize, try mover.source.status().size), position)
      }
      if data > position { return data }
      let hole = try mover.source.nextHole(from: data)
      segmentEnd = hole > data ? min(hole, statedSize) : statedSize
      if data == 0, hole >= statedSize { lookForHiddenHoles() }
    } catch {
      // A file system that cannot tell its holes has none to show.
      guard error.call == .seek, error.errno != .ioError else { throw error }
      segmentEnd = statedSize
      lookForHiddenHoles()
    }
    return nil
  }

  /// Returns how much of the hole is one now; nil where the file system makes no holes: then zeros are compared.
  private mutating func makeHole(
    _ hole: Range<Int64>, _ update: Update
  ) throws(SystemError) -> Int64? {
    // The last block whole, also where the file ends inside it.
    let end =
      hole.upperBound < writtenEnd ? hole.upperBound : writtenEnd.roundedUp(to: update.unit)
    guard hole.lowerBound < writtenEnd,
      let data = try mover.destination.nextData(from: hole.lowerBound), data < end
    else { return hole.length }
    let punched = data..<min(end, data.saturatingAdd(Self.longestPunch))
    do throws(SystemError) {
      try mover.destination.punchHole(punched)
    } catch {
      guard error.errno == .notSupported || error.errno == .noFunction else { throw error }
      return nil
    }
    update.found = (0..<0, false)
    mover.outcome.update?.punched += punched.length
    return min(punched.upperBound, hole.upperBound) - hole.lowerBound
  }

  /// Reads some of the source, and writes what the destination has not.
  private mutating func compare(
    until end: Int64, _ update: Update
  ) throws(SystemError) -> Step {
    let buffers = update.buffers(leavingNoCache: pace.leavesNoCache)
    let wanted = Int(
      min(
        pace.limit?.step ?? .max, mover.throttle.largestStep, Int64(buffers.source.capacity),
        end - position))
    let count = try mover.source.read(into: buffers.source, count: wanted, at: position)
    guard count > 0 else {
      statedSize = position
      return .advanced(0)
    }
    mover.outcome.update?.read += Int64(count)
    var done = 0
    while done < count {
      let offset = position + Int64(done)
      try look(at: offset, update)
      let length = Int(min(update.found.range.upperBound - offset, Int64(count - done)))
      if update.found.isData {
        try writeDifferences(done..<done + length, at: offset, update)
      } else {
        try writeWhatIsNotZero(done..<done + length, of: buffers.source, at: offset)
      }
      done += length
    }
    position += Int64(count)
    return .advanced(Int64(count))
  }

  /// Finds what the destination has at a place: data, or nothing.
  private mutating func look(at offset: Int64, _ update: Update) throws(SystemError) {
    if update.found.range.contains(offset) { return }
    guard offset < update.size else { return update.found = (offset..<Int64.max, false) }
    do throws(SystemError) {
      guard let data = try mover.destination.nextData(from: offset) else {
        return update.found = (offset..<update.size, false)
      }
      if data > offset { return update.found = (offset..<data, false) }
      let hole = try mover.destination.nextHole(from: offset)
      update.found = (offset..<max(min(hole, update.size), offset + 1), true)
    } catch {
      guard error.call == .seek, error.errno != .ioError else { throw error }
      update.found = (offset..<update.size, true)
    }
  }

  /// Compares a part of the source's buffer with what the destination has at `offset`, and writes the
  /// blocks that differ.
  private mutating func writeDifferences(
    _ part: Range<Int>, at offset: Int64, _ update: Update
  ) throws(SystemError) {
    let buffers = update.buffers(leavingNoCache: pace.leavesNoCache)
    // What cannot be read there is written.
    let there =
      (try? mover.destination.read(into: buffers.destination, count: part.count, at: offset)) ?? 0
    var runs = BlockRuns(
      buffers.source, part, buffers.destination, count: there, at: offset, block: Self.block)
    while let (range, isEqual) = runs.next() {
      if isEqual {
        equal(Int64(range.count), isProven: false)
      } else {
        try write(
          part.lowerBound + range.lowerBound..<part.lowerBound + range.upperBound,
          of: buffers.source, at: offset + Int64(range.lowerBound))
      }
    }
  }

  /// Bytes that are shared with the earlier copy.
  private mutating func equal(_ bytes: Int64, isProven: Bool) {
    mover.outcome.cloned += bytes
    if isProven {
      mover.outcome.update?.equalByProof += bytes
    } else {
      mover.outcome.update?.equalByComparison += bytes
    }
  }

  /// The source is at its end, unless what was skipped has to be looked at after all.
  private mutating func endUpdate(_ update: Update) throws(SystemError) -> Step {
    guard update.isAsOpened else {
      // Somebody writes to the earlier copy.
      try beginWithoutBasis()
      return .advanced(0)
    }
    if let proof = update.proof, !proof.holds {
      restartWithoutProof(update)
      return .advanced(0)
    }
    if let size = update.copySize { mover.destination.setCopySize(size) }
    try finish()
    return .finished
  }
}
