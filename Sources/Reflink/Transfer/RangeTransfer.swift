import SystemPackage

/// A range of one file into a place in another (or the same), shared where blocks
/// allow and copied at the edges.
struct RangeTransfer: ~Copyable, Job, Sendable {
  let source: Descriptor
  let destination: Descriptor
  let cloning: Cloning

  /// A part of the range, by source offsets, and how it is to travel.
  fileprivate struct Piece {
    enum Way { case clone, offload, buffer }
    var range: Range<Int64>
    var way: Way
  }

  /// What is still to do, in order. The clone comes first: copying an edge may
  /// move the end of the file, which the clone's last block depends on.
  // Given a value before the initialiser: Swift 6.3's optimiser otherwise releases what
  // was there before its first assignment.
  private var pieces: [Piece] = []
  /// Destination offset less source offset.
  private let shift: Int64
  private var patience = Backoff()
  private var buffer: DataBuffer?
  private(set) var outcome = CopyOutcome()

  /// How much one FICLONERANGE call covers.
  private var cloneSize = StepSize(4 << 20, within: 1 << 20...1 << 30, goal: .milliseconds(15))
  private static var offloadStep: Int64 { 4 << 20 }
  private static var bufferStep: Int64 { 256 << 10 }

  /// How what cannot be shared travels.
  private let copies: Piece.Way

  /// - Parameter unit: the destination's.
  init(
    from source: consuming Descriptor, _ sourceStatus: FileStatus, _ range: Range<Int64>,
    into destination: consuming Descriptor, _ destinationStatus: FileStatus, at offset: Int64,
    unit: SharingUnit, cloning: Cloning
  ) {
    self.source = source
    self.destination = destination
    self.cloning = cloning
    shift = offset - range.lowerBound

    let copies = unit.isChecked ? Piece.Way.copying(cloning) : .buffer
    self.copies = copies
    let isChecked = unit.isChecked
    let unit = unit.bytes
    var middle = range.upperBound..<range.upperBound
    if cloning == .never {
      outcome.clone = .avoided
      outcome.offload = .avoided
    } else if shift % unit != 0 {
      outcome.clone = .refused(.misaligned)
    } else {
      let start = (range.lowerBound + unit - 1) / unit * unit
      // The kernel takes a part of a block only where both files end with it. In
      // one file the end moves as the range arrives.
      let endsBoth =
        isChecked && range.upperBound == sourceStatus.size
        && range.upperBound + shift >= destinationStatus.size
        && sourceStatus.identity != destinationStatus.identity
      let end = endsBoth ? range.upperBound : range.upperBound / unit * unit
      if start < end { middle = start..<end }
    }
    pieces = [
      Piece(range: middle, way: .clone),
      Piece(range: range.lowerBound..<min(middle.lowerBound, range.upperBound), way: copies),
      Piece(range: middle.upperBound..<range.upperBound, way: copies),
    ].filter { !$0.range.isEmpty }
  }

  var bytesDone: Int64 { outcome.total }

  var bytesRemaining: Int64 {
    pieces.reduce(0) { $0 + $1.range.upperBound - $1.range.lowerBound }
  }

  mutating func cancel() {}

  mutating func step() throws(SystemError) -> Step {
    guard let piece = pieces.first else { return .finished }
    let moved: Int64
    do throws(SystemError) {
      moved = try move(piece)
    } catch {
      return try failed(piece, error)
    }
    // The source has shrunk. What is left, before this piece or after it, stays undone.
    guard moved > 0 else { return .finished }
    pieces[0].range = (piece.range.lowerBound + moved)..<piece.range.upperBound
    if pieces[0].range.isEmpty { pieces.removeFirst() }
    return .advanced(moved)
  }

  private mutating func move(_ piece: Piece) throws(SystemError) -> Int64 {
    let start = piece.range.lowerBound
    let left = piece.range.upperBound - start
    switch piece.way {
    case .clone:
      let count = min(left, cloneSize.bytes)
      let begun = Instant.now
      try destination.clone(start..<start + count, from: source, to: start + shift)
      cloneSize.adapt(to: Instant.now - begun)
      outcome.clone = .worked
      outcome.cloned += count
      return count
    case .offload:
      let count = try destination.copy(
        count: Int(min(left, Self.offloadStep)), from: source, at: start, to: start + shift)
      outcome.offload = .worked
      outcome.offloaded += Int64(count)
      return Int64(count)
    case .buffer:
      let buffer = self.buffer ?? DataBuffer(capacity: Int(min(Self.bufferStep, left)))
      self.buffer = buffer
      let count = try source.read(
        into: buffer, count: Int(min(left, Self.bufferStep)), at: start)
      try destination.writeAll(0..<count, of: buffer, at: start + shift)
      outcome.copied += Int64(count)
      return Int64(count)
    }
  }

  private mutating func failed(_ piece: Piece, _ error: SystemError) throws(SystemError) -> Step {
    guard piece.way != .buffer else { throw error }
    let cause: FallbackCause
    switch verdict(on: error) {
    case .terminal: throw error
    case .transient:
      if let wait = patience.next() { return .waiting(wait) }
      cause = .busy
    case .fallBack(let refusal): cause = refusal
    case .diagnose: cause = .invalid
    }
    if piece.way == .clone {
      if outcome.clone != .worked { outcome.clone = .refused(cause) }
      if cloning == .required { throw error }
      pieces[0].way = copies
    } else {
      if outcome.offload != .worked { outcome.offload = .refused(cause) }
      for index in pieces.indices where pieces[index].way == .offload {
        pieces[index].way = .buffer
      }
    }
    return .advanced(0)
  }
}

extension RangeTransfer.Piece.Way {
  /// How what cannot be shared travels. Where sharing is required, or must not
  /// happen, nothing is left to a call that does not say which of the two it did.
  fileprivate static func copying(_ cloning: Cloning) -> Self {
    cloning == .preferred ? .offload : .buffer
  }
}
