import Synchronization
import SystemPackage

/// A regular file on its way: opened on both sides, stepped by a driver, then
/// finished or discarded.
struct FileCopy: ~Copyable, Sendable {
  /// Of the source, as it was when the copy began.
  let status: FileStatus
  var transfer: FileTransfer
  /// How the destination comes by its name; nil for one that was there before.
  let name: NameTransaction?
  let attributes: AttributeCopy?
}

/// An unfinished copy, and where it comes from and goes to, until somebody resumes it.
final class SuspendedFile: Sendable {
  let source: OwnedLocation
  let destination: OwnedLocation
  private let copy: Mutex<FileCopy?>

  init(_ copy: consuming FileCopy, _ source: Location, _ destination: Location) {
    self.source = OwnedLocation(source)
    self.destination = OwnedLocation(destination)
    self.copy = Mutex(copy)
  }

  /// The copy, once.
  fileprivate func take() -> FileCopy? {
    copy.withLock { $0.take() }
  }
}

extension EntryCopier {
  /// Copies a regular file (or what can be read from another kind) to a name.
  func copyFile(
    _ entry: EntryFacts, _ file: consuming Descriptor, _ source: Location,
    to destination: Location, _ turn: WorkerTurn?
  ) throws(ReflinkError) -> Result {
    let begun = try begin(entry, file, source, destination, turn)
    switch consume begun {
    case .skipped: return .skipped
    case .unchanged: return .unchanged
    case .blocked(let wait): return .blocked(wait)
    case .copy(let copy): return try advance(copy, source, destination, turn)
    }
  }

  /// Goes on with a copy that was left before its end.
  func resume(_ file: SuspendedFile, _ turn: WorkerTurn?) throws(ReflinkError) -> Result {
    try OwnedLocation.with(file.source, file.destination) { (from, to) throws(ReflinkError) in
      guard let copy = file.take() else { preconditionFailure("one copy is resumed once") }
      let status = copy.status
      do throws(ReflinkError) {
        return try advance(copy, from, to, turn)
      } catch {
        forget(status)
        throw error
      }
    }
  }

  /// Moves a file's data on: to the end, or as far as the turn goes.
  func advance(
    _ copy: consuming FileCopy, _ source: Location, _ destination: Location, _ turn: WorkerTurn?
  ) throws(ReflinkError) -> Result {
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
      failure.leftover = discard(copy, destination)
      throw failure
    }
    switch end {
    case .finished: return .file(try finish(copy, source, destination))
    case .spent: return .unfinished(SuspendedFile(copy, source, destination), nil)
    case .waiting(let wait):
      return .unfinished(SuspendedFile(copy, source, destination), wait)
    case .cancelled:
      var failure = cancelled(source, destination)
      failure.operation = .write
      failure.bytesDone = copy.transfer.bytesDone
      failure.bytesRemaining = copy.transfer.bytesRemaining
      failure.leftover = discard(copy, destination, turn)
      throw failure
    }
  }

  /// Attributes, then the name: the copy is complete when it appears.
  private func finish(
    _ copy: consuming FileCopy, _ source: Location, _ destination: Location
  ) throws(ReflinkError) -> CopyOutcome {
    var failure: ReflinkError?
    do throws(AttributeCopy.Failure) {
      try copy.attributes?.apply(
        copy.status, from: copy.transfer.mover.source, to: copy.transfer.mover.destination)
    } catch {
      failure = report(error, source, destination)
    }
    if var failure, options.publication != .inPlace {
      // It was to appear complete or not at all.
      failure.leftover = discard(copy, destination)
      throw failure
    }
    do throws(NameTransaction.Failure) {
      let backup = try copy.name?.publish(copy.transfer.mover.destination, as: destination)
      tellBackup(backup ?? nil, source, destination)
    } catch {
      var failure = error.describe(source, destination)
      let leftover = discard(copy, destination)
      failure.leftover = failure.leftover ?? leftover
      throw failure
    }
    try attempt(.examine(.destination), source, destination) { () throws(SystemError) in
      try remember(copy.status, destination, copy.transfer.mover.destination)
    }
    var outcome = copy.transfer.outcome
    if options.detectsInlineData {
      outcome.reclassifyInlineData(of: copy.transfer.mover.destination)
    }
    if let cause = outcome.fallback {
      destination.directory.observed?.noteCloneRefusal(cause, from: copy.status)
    }
    do throws(SystemError) {
      try copy.transfer.close()
    } catch {
      var failure = error.during(.write, source.path, destination.path)
      failure.leftover = destination.path
      throw failure
    }
    if var failure {
      failure.leftover = destination.path
      throw failure
    }
    activity?.controller?.fileDone()
    return outcome
  }

  /// Returns what is there of it nevertheless.
  private func discard(
    _ copy: consuming FileCopy, _ destination: Location, _ turn: WorkerTurn? = nil
  ) -> FilePath? {
    let leftover: FilePath?
    if let name = copy.name, !keepsPartial(name) {
      leftover = name.discard(copy.transfer.mover.destination, at: destination)
    } else {
      copy.transfer.giveBack()
      leftover = copy.transfer.destinationType == .regular ? destination.path : nil
    }
    if turn != nil { close(copy, destination) }
    return leftover
  }

  /// Whether a file under its own name stays although it is not complete.
  private func keepsPartial(_ name: NameTransaction) -> Bool {
    options.partialFiles == .keep && options.cloning != .required && name.state == .named
  }

  /// Closes a file that nobody will see any more, on a thread of its own: its memory is
  /// freed then, which takes as long as it is large. Neither whoever cancelled nor the
  /// next copy waits for that.
  private func close(_ copy: consuming FileCopy, _ location: Location) {
    guard copy.transfer.bytesDone > 64 << 20 else { return }
    let doomed = SuspendedFile(copy, location, location)
    try? startThread { _ = doomed.take() }
  }

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

extension EntryCopier {
  /// A copy that is ready to be stepped, or why there is none.
  enum Begun: ~Copyable {
    case copy(FileCopy)
    /// The decision was to leave out the source.
    case skipped
    /// What is there counts as the copy.
    case unchanged
    /// The destination cannot be opened yet.
    case blocked(Wait)
  }

  /// Opens or makes the destination.
  private func begin(
    _ entry: EntryFacts, _ file: consuming Descriptor, _ source: Location,
    _ destination: Location, _ turn: WorkerTurn?
  ) throws(ReflinkError) -> Begun {
    let preserving = options.preserving
    let observed = destination.directory.observed
    // Before there is a copy: what the source's rights are decides what it is made with.
    let attributes = SourceAttributes(listing: file, entry.source.type, for: preserving)
    let finalMode = try attempt(.preserveMode, source, destination) {
      () throws(SystemError) -> FilePermissions? in
      try self.finalMode(of: entry.source, in: destination.directory)
    }
    // Its owner's alone until it has its owner and its rights.
    let mode =
      preserving.needsOwnersOnly ? 0o600 : wantedPermissions(of: entry.source).rawValue

    let opened = try openDestination(mode: mode, entry, file, source, destination, turn)
    let target: OpenDestination
    switch consume opened {
    case .skipped: return .skipped
    case .unchanged: return .unchanged
    case .blocked(let wait): return .blocked(wait)
    case .open(let destination): target = destination
    }
    let isNew = target.name != nil
    if isNew, preserving.owner != .ignore { observed?.observeOwner(of: target.descriptor) }
    if let controller = activity?.controller {
      if entry.isOperand { controller.expect(bytes: entry.source.size, files: 1) }
      if entry.isOperand || controller.isWatched { controller.begin(source.path) }
    }
    let type = target.type
    let name = target.name
    let preservesAny =
      preserving.needsOwnersOnly || preserving.times || preserving.extendedAttributes != .ignore
      || (isNew && finalMode != nil)
    let copied =
      preservesAny && type == .regular
      ? AttributeCopy(
        preserving: preserving, attributes: attributes,
        isNew: isNew, creationMode: isNew ? finalMode : nil,
        removesInheritedACL: isNew && options.usesDefaultMode,
        ownerIsFinal: isNew && (observed?.givesOwner(of: entry.source) ?? false),
        mayHaveACL: isNew ? observed?.inheritsACL ?? true : true)
      : nil
    return .copy(
      FileCopy(
        status: entry.source,
        transfer: FileTransfer(
          from: file, entry.source, into: target.descriptor, type,
          cloning: options.cloning, holes: options.holes, slices: options.slices,
          refusal: observed?.cloneRefusal(from: entry.source)),
        name: name, attributes: copied))
  }
}
