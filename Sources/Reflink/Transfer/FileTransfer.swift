import SystemPackage

/// One file's bytes on their way into another open, empty file.
///
/// The order of methods: one whole FICLONE (or slices of one); where that is refused,
/// copy_file_range by runs of data; where that is refused too, a buffer. Each `step()` is
/// bounded and leaves the transfer where the next one goes on. It knows
/// descriptors and offsets, no paths, and prints nothing.
///
/// By every method the destination holds a prefix of the source until the end, and
/// holes stay holes.
///
/// Invariants: `position` ≤ `segmentEnd` inside a run of data; what is before `position` is
/// accounted for in the outcome. `writtenEnd` is the destination's size, `allocatedEnd` ≥ it
/// wherever blocks are reserved. Until `finish`, a hole before `position` may be missing
/// at the destination's end.
struct FileTransfer: ~Copyable, Transfer, Sendable {
  var mover: DataMover
  let holes: CopyOptions.Holes
  /// Whether blocks of zeros become holes: as was asked for, or since the source hides its holes.
  var looksForZeros: Bool
  /// See `FileStatus.mayHideHoles`.
  private(set) var mayHideHoles: Bool

  /// The source's size when the transfer began. Not trusted where it is 0 or
  /// where the file turns out longer; see `copy(through:)`.
  var statedSize: Int64
  /// Whether one of the two has no offsets: a pipe, a device.
  let isStream: Bool
  let destinationType: FileType
  /// Whether the destination takes what it has room for, when somebody reads there: a pipe, a
  /// socket, a terminal.
  let waitsForRoom: Bool
  /// Whether the source is read at offsets of our own, not at that of its descriptor.
  let readsAtOffsets: Bool

  /// The method that moves data now, and what it holds.
  enum Method: Sendable {
    case clone
    /// A clone that runs in a helper.
    case watchClone(CloneHelper)
    case cloneSlices(StepSize)
    case offload
    case buffer(DataBuffer)
    /// Blocks that differ, into a clone of an earlier copy.
    case update(Update)
    case finished
  }
  var method = Method.clone

  /// What it builds on, where there is an earlier copy that can be cloned.
  var basis: Update?
  /// What becomes its source first; nil where the source is read as it is.
  var moment: MomentaryClone?
  /// The source itself, where the data is taken from something else: a clone of one moment, an
  /// earlier copy that is the same.
  private(set) var original: Descriptor?

  /// What was read into the buffer and still waits for room.
  var unwritten = 0..<0
  /// Its place in the line of a large source, while it has one.
  var place: ClonePlace?
  let pace: TransferPace
  private var identity: FileStatus.Identity
  private var sourceIdentity: FileStatus.Identity
  /// How far the source is accounted for.
  var position: Int64 = 0
  /// The end of the run of data that `position` is in.
  var segmentEnd: Int64 = 0
  /// The destination's size, as this transfer made it.
  var writtenEnd: Int64 = 0
  /// How far blocks were reserved.
  var allocatedEnd: Int64 = 0
  var reserving = Reserving.unknown

  /// Whether to read on past the stated size, which turned out to be a lie.
  var readsToTheEnd = false

  /// Up to this size a file with as many blocks as bytes is taken for one run of data:
  /// looking for holes would cost more than they could save.
  private static var smallSize: Int64 { 128 << 10 }

  /// `destination` is empty when it is a regular file. `refusal`: why cloning between
  /// the two directories was refused before, where nothing about the files can change it.
  init(
    from source: consuming Descriptor, _ status: FileStatus,
    into destination: consuming Descriptor, _ destinationType: FileType = .regular,
    cloning: CopyOptions.Cloning, holes: CopyOptions.Holes, slices: CopyOptions.Slices = .whole,
    refusal: FallbackCause? = nil, place: ClonePlace? = nil, pace: TransferPace = TransferPace(),
    basedOn basis: Update? = nil, after moment: MomentaryClone? = nil,
    original: consuming Descriptor? = nil
  ) {
    self.pace = pace
    self.basis = basis
    self.moment = moment
    self.original = original
    sourceIdentity = status.identity
    identity = basis?.identity ?? status.identity
    if let place, place.files.contains(status.identity) { self.place = place }
    waitsForRoom =
      destinationType == .fifo || destinationType == .socket
      || (destinationType == .characterSpecial && destination.isTerminal)
    mover = DataMover(from: source, into: destination, cloning)
    if let limit = pace.limit { mover.limitSteps(to: limit.step) }
    self.holes = holes
    looksForZeros = holes == .detect
    mayHideHoles = holes == .keep && status.mayHideHoles
    readsAtOffsets = status.type == .regular
    isStream = status.type != .regular || destinationType != .regular
    self.destinationType = destinationType
    statedSize = status.type == .regular ? status.size : 0
    if basis != nil {
      // It is cloned first.
    } else if cloning == .never || (cloning == .preferred && (isStream || holes == .fill)) {
      mover.outcome.clone = isStream && cloning != .never ? .refused(.notRegular) : .avoided
      method = methodAfterClone()
    } else if let refusal, cloning == .preferred {
      mover.outcome.clone = .refused(refusal)
      method = methodAfterClone()
    } else if let size = slices.stepSize, statedSize > Self.sliceUnit {
      // What is shorter than any slice is cloned whole: OCFS2 shares no range of a file that
      // it keeps inline.
      method = .cloneSlices(size)
    }
    segmentEnd = status.type == .regular ? Self.firstRun(status) : 0
  }

  /// The end of the run of data that a file begins with, where that is known without looking.
  private static func firstRun(_ status: FileStatus) -> Int64 {
    status.size <= smallSize && status.allocatedBytes >= status.size ? status.size : 0
  }

  /// Takes the data from a clone of the source.
  @inline(never)
  mutating func replaceSource(with clone: consuming Descriptor) throws(SystemError) {
    let status = try clone.status()
    sourceIdentity = status.identity
    if basis == nil { identity = status.identity }
    statedSize = status.size
    mayHideHoles = holes == .keep && status.mayHideHoles
    segmentEnd = Self.firstRun(status)
    swap(&mover.source, &clone)
    original = consume clone
  }

  /// Begins anew without the earlier copy: it cannot be cloned, or somebody writes to it.
  mutating func beginWithoutBasis() throws(SystemError) {
    try mover.destination.truncate(to: 0)
    (position, segmentEnd, writtenEnd, allocatedEnd) = (0, 0, 0, 0)
    basis = nil
    place = nil
    identity = sourceIdentity
    mover.outcome = CopyOutcome()
    method = .clone
  }

  /// The first method that may move data without sharing all of it.
  mutating func methodAfterClone() -> Method {
    // copy_file_range may share, and neither looks for zeros nor fills holes by itself.
    let avoided =
      isStream || mover.cloning == .never || holes != .keep || pace.leavesNoCache
    if avoided && statedSize > 0 { mover.outcome.offload = .avoided }
    // A file that calls itself empty has nothing to offload, but may have bytes to read.
    return avoided || statedSize == 0 ? bufferMethod() : .offload
  }

  mutating func step() throws(SystemError) -> Step {
    if let moment { return try step(moment) }
    if statedSize > CloneLine.shortSize, let wait = waitForTurn() { return .waiting(wait) }
    defer { if place != nil, !isCloningWhole { place = nil } }
    if writesData, let wait = mover.throttle.pause() { return .waiting(wait) }
    guard let limit = pace.limit else { return try stepByMethod() }
    if let wait = limit.pause() { return .waiting(wait) }
    // What is read to be compared counts too.
    let before = mover.moved.saturatingAdd(compared.read)
    defer { limit.charge(max(mover.moved.saturatingAdd(compared.read) - before, 0)) }
    return try stepByMethod()
  }

  /// Whether it has the source for itself until the end of its method.
  private var isCloningWhole: Bool {
    switch method {
    case .clone, .watchClone: true
    case .cloneSlices, .offload, .buffer, .update, .finished: false
    }
  }

  /// Whether a step goes to the page cache of a file.
  private var writesData: Bool {
    switch method {
    case .offload, .buffer, .update: destinationType == .regular
    case .clone, .watchClone, .cloneSlices, .finished: false
    }
  }

  /// Stands in the line of a large source. Nil when it is its turn.
  private mutating func waitForTurn() -> Wait? {
    if case .finished = method { return nil }
    let place =
      place ?? CloneLine.shared.enter([identity], for: isCloningWhole ? .clone : .step)
    self.place = place
    return place.isGranted ? nil : Wait(place)
  }

  private mutating func stepByMethod() throws(SystemError) -> Step {
    switch method {
    case .clone: return try clone()
    case .watchClone(let helper): return try watchClone(helper)
    case .cloneSlices(let size): return try cloneSlice(size)
    case .offload: return try offload()
    case .buffer(let buffer): return try copy(through: buffer)
    case .update(let update): return try self.update(update)
    case .finished: return .finished
    }
  }

  /// A clone in a helper ends soon after; see `endOfClone`.
  mutating func cancel() {
    moment?.cancel()
    if case .watchClone(let helper) = method { helper.kill() }
  }

  /// What becomes readable when the clone in its helper has ended; nil where none runs.
  var endOfClone: CInt? {
    if let moment { return moment.endOfClone }
    guard case .watchClone(let helper) = method, !helper.hasEnded else { return nil }
    return helper.ended
  }

  var outcome: CopyOutcome { mover.outcome }

  var movesBy: CopyOutcome.Method? {
    if case .watchClone = method { return .cloned }
    return mover.outcome.method == .nothing ? nil : mover.outcome.method
  }

  var bytesDone: Int64 {
    if case .watchClone = method { return basis == nil ? writtenEnd : 0 }
    return position
  }

  var compared: (read: Int64, written: Int64) {
    guard let update = mover.outcome.update else { return (0, 0) }
    return (update.read, update.written)
  }

  var bytesRemaining: Int64 { max(statedSize - bytesDone, 0) }

  var isFinished: Bool { if case .finished = method { true } else { false } }

  /// The source's size is another by now; nothing of it was moved yet.
  mutating func restate(_ size: Int64) {
    guard readsAtOffsets, position == 0 else { return }
    statedSize = size
    segmentEnd = 0
  }

  /// The source is at its end: gives the destination its size, where a hole ends
  /// it or blocks were reserved past it.
  mutating func finish() throws(SystemError) {
    method = .finished
    if position != writtenEnd || allocatedEnd > position {
      try mover.destination.truncate(to: position)
      writtenEnd = position
      allocatedEnd = position
    }
  }

  /// Returns reserved blocks that were not filled, where the transfer ended early and
  /// the file stays.
  mutating func giveBack() {
    if allocatedEnd > writtenEnd {
      // The error that ended the transfer is the one to report.
      try? mover.destination.truncate(to: writtenEnd)
      allocatedEnd = writtenEnd
    }
  }
}
