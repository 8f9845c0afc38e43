import Synchronization
import SystemPackage

extension EntryCopier {
  /// Copies a regular file (or what can be read from another kind) to a name.
  func copyFile(
    _ entry: EntryFacts, _ file: consuming Descriptor, _ source: Location, to destination: Location,
    _ turn: WorkerTurn?
  ) throws(ReflinkError) -> Result {
    guard let copy = try begin(entry, file, source, destination) else { return .left }
    return try resume(with: copy, source, destination, turn)
  }

  /// Moves a file's data on: to the end, or as far as the turn goes.
  func resume(
    with copy: consuming FileCopy, _ source: Location, _ destination: Location, _ turn: WorkerTurn?
  ) throws(ReflinkError) -> Result {
    let end: Turn
    do throws(SystemError) {
      if options.product == .attributesOnly {
        end = .finished
      } else if let turn {
        end = try advance(
          &copy.transfer, controller: controller, slice: turn.slice,
          othersWait: { turn.othersWait })
      } else {
        end = try run(&copy.transfer, controller: controller) ? .finished : .cancelled
      }
    } catch {
      var failure = describe(error, copy.transfer, source, destination)
      failure.leftover = discard(copy, destination)
      throw failure
    }
    switch end {
    case .finished: return .file(try finish(copy, source, destination))
    case .spent: return .unfinished(KeptFileCopy(copy), nil)
    case .waiting(let wait): return .unfinished(KeptFileCopy(copy), wait)
    case .cancelled:
      var failure = ReflinkError(
        code: .cancelled, operation: .write, source: source.path, destination: destination.path,
        bytesDone: copy.transfer.bytesDone, bytesRemaining: copy.transfer.bytesRemaining)
      failure.leftover = discard(copy, destination, turn)
      throw failure
    }
  }

  /// The same for a file that was left before its end.
  func resumeAndRecord(
    with copy: consuming FileCopy, _ source: Location, _ destination: Location, _ turn: WorkerTurn?
  ) throws(ReflinkError) -> Result {
    let status = copy.status
    do throws(ReflinkError) {
      let result = try resume(with: copy, source, destination, turn)
      remember(status, destination, result)
      return result
    } catch {
      forget(status)
      throw error
    }
  }

  /// Attributes, then the name: the copy is complete when it appears.
  private func finish(
    _ copy: consuming FileCopy, _ source: Location, _ destination: Location
  ) throws(ReflinkError) -> CopyOutcome {
    var failure: ReflinkError?
    do throws(AttributeCopy.Failure) {
      try copy.attributes?.apply(
        copy.status, from: copy.transfer.source, to: copy.transfer.destination)
    } catch {
      failure = report(error, source, destination)
    }
    if var failure, options.publication != .inPlace {
      // It was to appear complete or not at all.
      failure.leftover = discard(copy, destination)
      throw failure
    }
    do throws(SystemError) {
      try copy.publicationState.publish(copy.transfer.destination, as: destination)
    } catch {
      let operation: ReflinkError.Operation =
        switch error.call {
        case .close: .write
        // A directory that gives no name away, to what replaces it either.
        case .rename where copy.publicationState.replaces && error.errno == .notPermitted: .remove
        default: .publish
        }
      var failure = error.during(operation, source.path, destination.path)
      failure.leftover = discard(copy, destination)
      throw failure
    }
    var outcome = copy.transfer.outcome
    if options.detectsInlineData { outcome.reclassifyInlineData(of: copy.transfer.destination) }
    if let cause = outcome.fallback {
      destination.directory.noteRefusal(cause, from: copy.status)
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
    controller?.fileDone()
    return outcome
  }

  /// Returns what is there of it nevertheless.
  private func discard(
    _ copy: consuming FileCopy, _ destination: Location, _ turn: WorkerTurn? = nil
  ) -> FilePath? {
    let keeps = options.partialFiles == .keep && options.cloning != .required
    let left: FilePath?
    if copy.publicationState == .existing || (keeps && copy.publicationState == .new) {
      copy.transfer.giveBack()
      left = copy.transfer.destinationType == .regular ? destination.path : nil
    } else {
      left = copy.publicationState.discard(copy.transfer.destination, at: destination)
    }
    if turn != nil { close(copy) }
    return left
  }

  /// Closes a file that nobody will see any more, on a thread of its own: its memory is
  /// freed then, which takes as long as it is large. Neither whoever cancelled nor the
  /// next copy waits for that.
  private func close(_ copy: consuming FileCopy) {
    guard copy.transfer.bytesDone > 64 << 20 else { return }
    let doomed = KeptFileCopy(copy)
    try? startThread { _ = doomed.take() }
  }

  private func describe(
    _ error: SystemError, _ transfer: borrowing FileTransfer, _ source: Location,
    _ destination: Location
  ) -> ReflinkError {
    let operation: ReflinkError.Operation =
      switch error.call {
      case .clone, .cloneRange, .helper: .clone
      case .copyRange: .offload
      case .read, .seek, .statx: .read
      default: .write
      }
    var failure = error.during(operation, source.path, destination.path)
    if options.cloning == .required, let cause = transfer.outcome.fallback {
      failure.code = ReflinkError.Code(cause)
    }
    failure.bytesDone = transfer.bytesDone
    failure.bytesRemaining = transfer.bytesRemaining
    return failure
  }
}

/// A regular file on its way: opened on both sides, stepped by a driver, then
/// finished or discarded.
struct FileCopy: ~Copyable, Sendable {
  /// Of the source, as it was when the copy began.
  let status: FileStatus
  var transfer: FileTransfer
  let publicationState: PublicationState
  let attributes: AttributeCopy?
}

extension EntryCopier {
  /// Opens or makes the destination. Nil when the decision was to leave it.
  private func begin(
    _ entry: EntryFacts, _ file: consuming Descriptor, _ source: Location, _ destination: Location
  ) throws(ReflinkError) -> FileCopy? {
    let preserving = options.preserving
    let narrow = preserving.needsOwnersOnly
    var rights = creationRights(for: entry.source, in: destination.directory)

    guard
      let target = try openDestination(mode: rights.mode, entry, file, source, destination)
    else { return nil }
    let isNew = target.publicationState != .existing
    if isNew {
      learn(from: target.descriptor, rights, in: destination.directory)
    } else {
      rights.ownerIsFinal = false
      rights.modeIsFinal = false
    }
    if let controller {
      if entry.isOperand { controller.expect(bytes: entry.source.size, files: 1) }
      if entry.isOperand || controller.isWatched { controller.begin(source.path) }
    }
    let type = target.type
    let publicationState = target.publicationState
    let finalMode = isNew ? finalMode(of: entry.source) : nil
    let preservesAny =
      narrow || preserving.times || preserving.extendedAttributes != .ignore || finalMode != nil
    let attributes =
      preservesAny && type == .regular
      ? AttributeCopy(
        preserving: preserving, creationMode: finalMode,
        removesInheritedACL: isNew && options.usesDefaultMode,
        ownerIsFinal: rights.ownerIsFinal, modeIsFinal: rights.modeIsFinal,
        mayHaveACL: isNew ? destination.directory.inheritsACL ?? true : true)
      : nil
    return FileCopy(
      status: entry.source,
      transfer: FileTransfer(
        from: file, entry.source, into: target.descriptor, type,
        cloning: options.cloning, holes: options.holes, slices: options.slices,
        refusal: destination.directory.refusal(from: entry.source)),
      publicationState: publicationState, attributes: attributes)
  }
}

/// A copy that somebody else goes on with.
final class KeptFileCopy: Sendable {
  private let copy: Mutex<FileCopy?>

  init(_ copy: consuming FileCopy) {
    self.copy = Mutex(copy)
  }

  /// The copy, once.
  func take() -> FileCopy? {
    copy.withLock { $0.take() }
  }
}
