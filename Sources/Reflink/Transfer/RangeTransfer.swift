import SystemPackage

/// A range of one file into a place in another (or the same), shared where blocks
/// allow and copied at the edges.
struct RangeTransfer: ~Copyable, Transfer, Sendable {
  var mover: DataMover

  /// A part of the range, by source offsets, and the method for it.
  fileprivate struct Piece {
    enum Method { case clone, offload, buffer }
    var range: Range<Int64>
    var method: Method
  }

  /// What is still to do, in order. The clone comes first: copying an edge may
  /// move the end of the file, which the clone's last block depends on.
  // Given a value before the initialiser: Swift 6.3's optimiser otherwise releases what
  // was there before its first assignment.
  private var pieces: [Piece] = []
  /// Destination offset less source offset.
  let shift: Int64
  private var buffer: DataBuffer?

  /// How much one FICLONERANGE call covers.
  private var cloneSize = StepSize(4 << 20, within: 1 << 20...1 << 30, goal: .milliseconds(15))

  /// The method for what cannot be shared.
  private let copies: Piece.Method
  /// Whether blocks of zeros are holes of which the source does not tell.
  private let looksForZeros: Bool

  /// The run of data that the next copied bytes are in, by source offsets.
  var segment: Range<Int64> = 0..<0

  /// The large ones of the two files, which a clone may have for itself.
  private let largeFiles: [FileStatus.Identity]
  private var place: ClonePlace?

  /// - Parameter unit: the destination's.
  init(
    from source: consuming Descriptor, _ sourceStatus: FileStatus, _ range: Range<Int64>,
    into destination: consuming Descriptor, _ destinationStatus: FileStatus, at offset: Int64,
    unit: SharingUnit, cloning: CopyOptions.Cloning
  ) {
    looksForZeros = source.hidesHoles(sourceStatus)
    mover = DataMover(from: source, into: destination, cloning)
    shift = offset - range.lowerBound
    largeFiles = [sourceStatus, destinationStatus].filter { $0.size > CloneLine.shortSize }
      .map(\.identity)

    let copies = unit.isChecked && !looksForZeros ? Piece.Method.copying(cloning) : .buffer
    self.copies = copies
    let isChecked = unit.isChecked
    let unit = unit.bytes
    var middle = range.upperBound..<range.upperBound
    if cloning == .never {
      mover.outcome.clone = .avoided
      mover.outcome.offload = .avoided
    } else if shift % unit != 0 {
      mover.outcome.clone = .refused(.misaligned)
    } else {
      // The first whole unit; before the range where none is left behind it.
      let start = range.lowerBound.roundedUp(to: unit)
      // The kernel takes a part of a block only where both files end with it. In
      // one file the end moves as the range arrives.
      let endsBoth =
        isChecked && range.upperBound == sourceStatus.size
        && range.upperBound + shift >= destinationStatus.size
        && sourceStatus.identity != destinationStatus.identity
      let end = endsBoth ? range.upperBound : range.upperBound / unit * unit
      if start >= range.lowerBound, start < end { middle = start..<end }
    }
    pieces = [
      Piece(range: middle, method: .clone),
      Piece(range: range.lowerBound..<min(middle.lowerBound, range.upperBound), method: copies),
      Piece(range: middle.upperBound..<range.upperBound, method: copies),
    ].filter { !$0.range.isEmpty }
  }

  var outcome: CopyOutcome { mover.outcome }
  var cloning: CopyOptions.Cloning { mover.cloning }
  var bytesDone: Int64 { mover.outcome.total }
  var movesBy: CopyOutcome.Method? {
    mover.outcome.method == .nothing ? nil : mover.outcome.method
  }

  var bytesRemaining: Int64 {
    pieces.reduce(0) { $0.saturatingAdd($1.range.length) }
  }

  mutating func cancel() {}

  /// Lends the destination, to be looked at when the transfer has failed.
  func withDestination<Value>(_ body: (borrowing Descriptor) -> Value) -> Value {
    body(mover.destination)
  }

  mutating func step() throws(SystemError) -> Step {
    guard let piece = pieces.first else { return .finished }
    if piece.method != .clone, let wait = mover.throttle.pause() { return .waiting(wait) }
    if !largeFiles.isEmpty {
      let place = place ?? CloneLine.shared.enter(largeFiles, for: .step)
      self.place = place
      if !place.isGranted { return .waiting(Wait(place)) }
    }
    defer { place = nil }
    let moved: Int64
    do throws(SystemError) {
      moved = try move(piece)
    } catch {
      return try failed(piece, error)
    }
    // The source has shrunk. What remains, before this piece or after it, stays undone.
    guard moved > 0 else { return .finished }
    pieces[0].range = (piece.range.lowerBound + moved)..<piece.range.upperBound
    if pieces[0].range.isEmpty { pieces.removeFirst() }
    return .advanced(moved)
  }

  private mutating func move(_ piece: Piece) throws(SystemError) -> Int64 {
    let start = piece.range.lowerBound
    switch piece.method {
    case .clone:
      let end = start + min(piece.range.length, cloneSize.bytes)
      return try mover.clone(start..<end, to: start + shift, adapting: &cloneSize)
    case .offload:
      if let hole = try skipHole(at: start, before: piece.range.upperBound) { return hole }
      let end = min(segment.upperBound, piece.range.upperBound)
      return try mover.offload(start..<end, to: start + shift)
    case .buffer:
      if let hole = try skipHole(at: start, before: piece.range.upperBound) { return hole }
      let end = min(segment.upperBound, piece.range.upperBound)
      let wanted = Int(min(DataMover.bufferSize, mover.throttle.largestStep, end - start))
      let buffer =
        self.buffer ?? DataBuffer(capacity: Int(min(DataMover.bufferSize, bytesRemaining)))
      self.buffer = buffer
      var count = try mover.source.read(into: buffer, count: wanted, at: start)
      if looksForZeros, count > 0 {
        let run = buffer.run(from: 0, before: count)
        count = run.end
        let there = start + shift..<start + shift + Int64(count)
        if run.isZero, try makeHole(there) {
          mover.outcome.holes = mover.outcome.holes.saturatingAdd(Int64(count))
          return Int64(count)
        }
      }
      let begun = mover.throttle.isSlow ? Instant.now : nil
      try mover.destination.writeAll(0..<count, of: buffer, at: start + shift)
      mover.throttle.note(Int64(count), taken: begun.map { Instant.now - $0 })
      mover.outcome.copied += Int64(count)
      return Int64(count)
    }
  }

  private mutating func failed(_ piece: Piece, _ error: SystemError) throws(SystemError) -> Step {
    guard piece.method != .buffer else { throw error }
    let cause: FallbackCause
    switch try mover.afterRefusal(error, remaining: bytesRemaining) {
    case .again(let wait): return .waiting(wait)
    case .next(let refusal): cause = refusal
    case .diagnose: cause = .invalid
    }
    if piece.method == .clone {
      try mover.cloneRefused(cause, error)
      pieces[0].method = copies
    } else {
      mover.offloadRefused(cause)
      for index in pieces.indices where pieces[index].method == .offload {
        pieces[index].method = .buffer
      }
    }
    return .advanced(0)
  }
}

extension RangeTransfer.Piece.Method {
  /// The method for what cannot be shared. Where sharing is required, or must not happen,
  /// copy_file_range is not used, since it may share silently.
  fileprivate static func copying(_ cloning: CopyOptions.Cloning) -> Self {
    cloning == .preferred ? .offload : .buffer
  }
}
