import SystemPackage

/// A regular file on its way: opened on both sides, stepped by a driver, then
/// finished or discarded.
struct FileCopy: ~Copyable, Sendable {
  /// Of the source, as it was when the copy began.
  private(set) var status: FileStatus
  /// Whether it was named in the call.
  let isOperand: Bool
  var transfer: FileTransfer
  /// How the destination comes by its name; nil for one that was there before.
  let name: NameTransaction?
  let attributes: AttributeCopy?
  /// What it replaces, and takes attributes from.
  var replaced: Descriptor?
  /// When it began; nil where nobody watches.
  let begun: Instant?
  /// When the earlier copy that the data is taken from was changed last; nil where it is the source's.
  var earlierChange: FileStatus.Time?
  /// Whether the end of a clone that was cancelled was waited for.
  var hasWaitedForEnd = false
  /// Where it stands still until it is told to go on, as one of several files of one moment.
  var halt: Halt?

  enum Halt: Sendable {
    /// All is ready.
    case beforeData
    /// It has its data, and neither attributes nor name.
    case afterData
  }

  /// The source may have changed while the copy stood still.
  mutating func lookAgain() throws(SystemError) {
    status = try transfer.mover.source.status()
    transfer.restate(status.size)
  }

  init(
    status: FileStatus, isOperand: Bool, transfer: consuming FileTransfer,
    name: NameTransaction?, attributes: AttributeCopy?, begun: Instant? = nil,
    replacing replaced: consuming Descriptor? = nil
  ) {
    self.begun = begun
    self.replaced = replaced
    self.status = status
    self.isOperand = isOperand
    self.transfer = transfer
    self.name = name
    self.attributes = attributes
  }
}

extension EntryCopier {
  /// Copies a regular file (or what can be read from another kind) to a name.
  func copyFile(
    _ entry: EntryFacts, _ file: consuming Descriptor, _ source: Location,
    to destination: Location, isThroughLink: Bool = false, _ turn: WorkerTurn?
  ) throws(ReflinkError) -> Result {
    if let target = try replacedTarget(entry, source, destination) {
      var entry = entry
      var opened: Descriptor? = consume file
      entry.isConfirmed = true
      return try target.with { (target) throws(ReflinkError) in
        guard let file = opened.take() else { return .begunAgain }
        return try copyFile(entry, file, source, to: target, isThroughLink: true, turn)
      }
    }
    // Before there is a copy: what the source's rights are decides what it is made with.
    let attributes = SourceAttributes(
      listing: file, entry.source.type, for: options.preserving)
    let rights = try creationRights(entry.source, attributes, source, destination)
    let opened = try openDestination(
      mode: rights.mode, entry, file, source, destination, turn)
    switch consume opened {
    case .skipped: return .skipped
    case .unchanged: return .unchanged
    case .keptDifferent: return .keptDifferent
    case .blocked(let wait): return .blocked(wait)
    case .open(let target):
      let begun = activity?.controller == nil ? nil : Instant.now
      announce(entry, source)
      let copied = try attributeCopy(
        attributes, rights, entry.source, to: target, source, destination)
      let type = target.type
      let name = target.name
      // The target of a link has another name than what it is the copy of.
      let mayBuild = name != nil && type == .regular && !isThroughLink
      let from = dataSource(
        file, entry, source, destination, mayBuild: mayBuild, place: turn?.place)
      var transfer = FileTransfer(
        from: from.data, from.status, into: target.descriptor, type,
        cloning: options.cloning(of: entry.source), holes: options.holes, slices: options.slices,
        refusal: destination.directory.observed?.cloneRefusal(from: from.status),
        place: from.moment == nil ? turn?.place : nil, pace: pace, basedOn: from.basis,
        after: from.moment, original: from.original)
      transfer.mover.outcome.update = from.unchanged
      var copy = FileCopy(
        status: entry.source, isOperand: entry.isOperand, transfer: transfer, name: name,
        attributes: copied, begun: begun, replacing: target.replaced)
      if from.unchanged != nil { copy.earlierChange = from.status.changed }
      if isOfGroup { copy.halt = .beforeData }
      return try proceed(copy, source, destination, turn)
    }
  }

  /// Goes on with a copy that was left before its end.
  func resume(_ file: SuspendedFile, _ turn: WorkerTurn?) throws(ReflinkError) -> Result {
    try OwnedLocation.with(file.source, file.destination) { (from, to) throws(ReflinkError) in
      guard let copy = file.take() else { preconditionFailure("one copy is resumed once") }
      let status = copy.status
      do throws(ReflinkError) {
        let result = try proceed(copy, from, to, turn)
        // It will be claimed anew.
        if case .begunAgain = result { forget(status) }
        return result
      } catch {
        forget(status)
        throw error
      }
    }
  }

  /// Moves a file's data on, and closes or keeps it. The copy is lent, not passed, to all that
  /// work on it: it is large, and moving it costs more than most of that work.
  @inline(__always)
  func proceed(
    _ copy: consuming FileCopy, _ source: Location, _ destination: Location, _ turn: WorkerTurn?
  ) throws(ReflinkError) -> Result {
    var copy = copy
    switch try advance(&copy, source, destination, turn) {
    case .complete(let outcome, let failure):
      try close(copy.transfer.mover.destination, failure, source, destination)
      return .file(outcome)
    case .suspended(let wait):
      return .unfinished(SuspendedFile(copy, source, destination), wait)
    case .toBeginAgain: return .begunAgain
    case .cancelled(let failure, let isEnding):
      if isEnding || (turn != nil && copy.transfer.bytesDone > Self.quicklyClosed) {
        Discarding.submit(SuspendedFile(copy, source, destination), by: self)
      }
      throw failure
    }
  }

  /// How far a file came.
  enum Progress {
    /// It has its data, its attributes (unless one failed) and its name.
    case complete(CopyOutcome, ReflinkError?)
    /// To be resumed after the wait, if there is one.
    case suspended(Wait?)
    /// Discarded, for this reason; or to be discarded once its clone has ended.
    case cancelled(ReflinkError, isEnding: Bool)
    /// Discarded: what it was to replace is gone too, or its source has changed.
    case toBeginAgain
  }

  /// Moves a file's data on: to the end, or as far as the turn goes. What fails is
  /// discarded.
  private func advance(
    _ copy: inout FileCopy, _ source: Location, _ destination: Location, _ turn: WorkerTurn?
  ) throws(ReflinkError) -> Progress {
    if copy.halt == .beforeData { return .suspended(nil) }
    let end: Turn
    do throws(SystemError) {
      if options.product == .attributesOnly {
        end = .finished
      } else if let turn {
        end = try Reflink.advance(
          &copy.transfer, activity, slice: turn.slice, othersWait: { turn.othersWait })
      } else {
        end = try run(&copy.transfer, activity) ? .finished : .cancelled
      }
    } catch {
      var failure = describe(error, copy.transfer, source, destination)
      failure.leftover = discard(&copy, destination)
      // What was read from a pipe cannot be read again.
      if failure.code == .noSpace, copy.transfer.readsAtOffsets,
        makeRoom(replacing: copy.name?.replacement, destination)
      {
        return .toBeginAgain
      }
      throw failure
    }
    switch end {
    case .finished where copy.halt == .afterData: return .suspended(nil)
    case .finished: return try finish(&copy, source, destination)
    case .spent: return .suspended(nil)
    case .waiting(let wait): return .suspended(wait)
    case .cancelled:
      if let wait = waitForEnd(&copy) {
        if turn != nil { return .suspended(wait) }
        let end = Instant.now + wait.atMost
        while copy.transfer.endOfClone != nil, Instant.now < end { sleep(for: wait) }
      }
      var failure = cancelled(source, destination)
      failure.bytesDone = copy.transfer.bytesDone
      failure.bytesRemaining = copy.transfer.bytesRemaining
      // Its name cannot be taken away before: unlink(2) waits for the clone's lock.
      let isEnding = copy.transfer.endOfClone != nil
      if !isEnding { failure.leftover = discard(&copy, destination) }
      return .cancelled(failure, isEnding: isEnding)
    }
  }

  /// For how long a clone that was cancelled is waited for, so that its name is gone when that
  /// is told: it mostly ends within a millisecond.
  private static var grace: Duration { .milliseconds(60) }

  /// What is to be waited for before a copy that was cancelled is discarded; once only.
  private func waitForEnd(_ copy: inout FileCopy) -> Wait? {
    guard let end = copy.transfer.endOfClone, !copy.hasWaitedForEnd,
      copy.name?.state != .unnamed
    else { return nil }
    copy.hasWaitedForEnd = true
    return Wait(descriptor: end, atMost: Self.grace, endsWithCancellation: false)
  }

  /// Returns what is there of it nevertheless.
  func discard(_ copy: inout FileCopy, _ destination: Location) -> FilePath? {
    if let name = copy.name, !keepsPartial(name) {
      return name.discard(copy.transfer.mover.destination, at: destination)
    }
    copy.transfer.giveBack()
    return copy.transfer.destinationType == .regular ? destination.path : nil
  }

  /// Whether a file under its own name stays although it is not complete.
  private func keepsPartial(_ name: NameTransaction) -> Bool {
    options.partialFiles == .keep && options.cloning != .required && !options.appearsComplete
      && name.state == .named
      && !(activity?.isInterrupted ?? false)
  }

  /// Bytes that are freed at once when an unfinished file is closed.
  private static var quicklyClosed: Int64 { 64 << 20 }

  private func describe(
    _ error: SystemError, _ transfer: borrowing FileTransfer, _ source: Location,
    _ destination: Location
  ) -> ReflinkError {
    var failure = error.during(error.call.operation, source.path, destination.path)
    if options.cloning == .required, let cause = transfer.outcome.fallback {
      failure.code = ReflinkError.Code(cause)
    }
    failure.bytesDone = transfer.bytesDone
    failure.bytesRemaining = transfer.bytesRemaining
    return failure
  }
}

extension SystemCall {
  /// What of a transfer was being done when this call failed.
  var operation: ReflinkError.Operation {
    switch self {
    case .clone, .cloneRange, .helper: .clone
    case .copyRange: .offload
    case .read, .seek, .statx: .read
    default: .write
    }
  }
}
