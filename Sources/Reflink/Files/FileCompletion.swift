import SystemPackage

/// The end of a file's copy: attributes, storage, name.
extension EntryCopier {
  /// Attributes, then the name: the copy is complete when it appears.
  func finish(
    _ copy: inout FileCopy, _ source: Location, _ destination: Location
  ) throws(ReflinkError) -> Progress {
    if hasChanged(copy) {
      copy.transfer.mover.outcome.sourceChanged = true
      if options.sourceChanges == .refused {
        return try beginAgain(&copy, source, destination)
      }
    }
    if let change = copy.earlierChange,
      (try? copy.transfer.mover.source.status().changed) != change
    {
      // Somebody writes to the earlier copy: it is looked at anew.
      if let leftover = discard(&copy, destination) {
        var failure = ReflinkError(
          code: .sourceChanged, operation: .read, source: source.path, destination: destination.path
        )
        failure.leftover = leftover
        throw failure
      }
      return .toBeginAgain
    }
    var failure: ReflinkError?
    do throws(SystemError) {
      try writeOutUpdate(copy)
    } catch {
      failure = error.during(.synchronize, source.path, destination.path)
    }
    do throws(AttributeCopy.Failure) {
      try applyAttributes(copy)
    } catch {
      failure = failure ?? report(error, source, destination)
    }
    do throws(SystemError) {
      try synchronize(
        copy.transfer.mover.destination, copy.transfer.destinationType, copy.name, destination)
    } catch {
      failure = failure ?? error.during(.synchronize, source.path, destination.path)
    }
    if var failure, options.appearsComplete {
      // It was to appear complete or not at all.
      failure.leftover = discard(&copy, destination)
      throw failure
    }
    // SMB renames nothing to a file that is open.
    copy.replaced = nil
    do throws(NameTransaction.Failure) {
      let backup = try copy.name?.publish(copy.transfer.mover.destination, as: destination)
      tellBackup(backup ?? nil, source, destination)
    } catch {
      var failure = error.describe(source, destination)
      let leftover = discard(&copy, destination)
      failure.leftover = failure.leftover ?? leftover
      throw failure
    }
    try attempt(.examine(.destination), source, destination) { () throws(SystemError) in
      try remember(
        EntryFacts(source: copy.status, destination: .unseen, isOperand: copy.isOperand),
        destination, copy.transfer.mover.destination)
    }
    var outcome = copy.transfer.outcome
    if options.detectsInlineData {
      outcome.reclassifyInlineData(of: copy.transfer.mover.destination)
    }
    if let begun = copy.begun { outcome.duration = Instant.now - begun }
    // Of an earlier copy's data the source's file system says nothing.
    if let cause = outcome.fallback, outcome.update == nil {
      destination.directory.observed?.noteCloneRefusal(cause, from: copy.status)
    }
    return .complete(outcome, failure)
  }

  /// Closes a complete file, and tells of a write that failed only now.
  func close(
    _ file: consuming Descriptor, _ failure: ReflinkError?, _ source: Location,
    _ destination: Location
  ) throws(ReflinkError) {
    var failure = failure
    do throws(SystemError) {
      try file.close()
    } catch {
      failure = error.during(.write, source.path, destination.path)
    }
    if var failure {
      failure.leftover = destination.path
      throw failure
    }
    activity?.controller?.fileDone()
  }

  /// Before it has the source's time: after a power cut it would look like the source, and hold what the earlier
  /// copy held.
  private func writeOutUpdate(_ copy: borrowing FileCopy) throws(SystemError) {
    guard let update = copy.transfer.outcome.update, update.written > 0 || update.punched > 0 else {
      return
    }
    try copy.transfer.mover.destination.synchronize()
  }

  private func applyAttributes(_ copy: borrowing FileCopy) throws(AttributeCopy.Failure) {
    switch copy.replaced {
    case .some(let replaced): try keepAttributes(of: replaced, on: copy.transfer.mover.destination)
    case .none: break
    }
    guard let attributes = copy.attributes else { return }
    switch copy.transfer.original {
    case .some(let original):
      try attributes.apply(copy.status, from: original, to: copy.transfer.mover.destination)
    case .none:
      try attributes.apply(
        copy.status, from: copy.transfer.mover.source, to: copy.transfer.mover.destination)
    }
  }
}
