import SystemPackage

extension EntryCopier {
  /// Copies a regular file (or what can be read from another kind) to a name.
  func copyFile(
    _ entry: EntryFacts, _ file: consuming Descriptor, _ source: Place, to destination: Place
  ) throws(ReflinkError) -> Result {
    guard var copy = try begin(entry, file, source, destination) else { return .left }
    let isComplete: Bool
    do throws(SystemError) {
      isComplete =
        try options.making == .attributesOnly ? true : run(&copy.transfer, control: control)
    } catch {
      let failure = describe(error, copy.transfer, source, destination)
      discard(copy, destination)
      throw failure
    }
    guard isComplete else {
      let failure = ReflinkError(
        code: .cancelled, operation: .write, source: source.path, destination: destination.path,
        bytesDone: copy.transfer.bytesDone, bytesLeft: copy.transfer.bytesLeft)
      discard(copy, destination)
      throw failure
    }
    return .file(try finish(copy, source, destination))
  }

  /// Attributes, then the name: the copy is complete when it appears.
  private func finish(
    _ copy: consuming FileCopy, _ source: Place, _ destination: Place
  ) throws(ReflinkError) -> CopyOutcome {
    var failure: ReflinkError?
    do throws(AttributeCopy.Failure) {
      try copy.attributes?.apply(from: copy.transfer.source, to: copy.transfer.destination)
    } catch {
      failure = report(error, source, destination)
    }
    do throws(SystemError) {
      try copy.standing.publish(copy.transfer.destination, as: destination)
    } catch {
      let operation: ReflinkError.Operation = error.call == .close ? .write : .publish
      discard(copy, destination)
      throw error.during(operation, source.path, destination.path)
    }
    let outcome = copy.transfer.outcome
    do throws(SystemError) {
      try copy.transfer.close()
    } catch {
      throw error.during(.write, source.path, destination.path)
    }
    if let failure { throw failure }
    return outcome
  }

  private func discard(_ copy: consuming FileCopy, _ destination: Place) {
    let keeps = options.partialFiles == .keep && options.cloning != .required
    if keeps, copy.standing == .new { return }
    copy.standing.discard(copy.transfer.destination, at: destination)
  }

  private func describe(
    _ error: SystemError, _ transfer: borrowing FileTransfer, _ source: Place, _ destination: Place
  ) -> ReflinkError {
    let operation: ReflinkError.Operation =
      switch error.call {
      case .clone, .helper: .clone
      case .copyRange: .offload
      case .read, .seek, .statx: .read
      default: .write
      }
    var failure = error.during(operation, source.path, destination.path)
    if options.cloning == .required, let cause = transfer.outcome.fallback {
      failure.code = .notShareable(cause)
    }
    failure.bytesDone = transfer.bytesDone
    failure.bytesLeft = transfer.bytesLeft
    return failure
  }
}

/// A regular file on its way: opened on both sides, stepped by a driver, then
/// finished or discarded.
struct FileCopy: ~Copyable {
  var transfer: FileTransfer
  let standing: Standing
  let attributes: AttributeCopy?
}

extension EntryCopier {
  /// Opens or makes the destination. Nil when the decision was to leave it.
  private func begin(
    _ entry: EntryFacts, _ file: consuming Descriptor, _ source: Place, _ destination: Place
  ) throws(ReflinkError) -> FileCopy? {
    let preserving = options.preserving
    let narrow = preserving.needsOwnersOnly
    let mode = narrow ? 0o600 : wantedPermissions(of: entry.source).rawValue

    guard
      let target = try openDestination(mode: mode, entry, file, source, destination)
    else { return nil }
    let isNew = target.standing != .existing
    let isRegular = target.isRegular
    let standing = target.standing
    let finalMode = isNew ? finalMode(of: entry.source) : nil
    let preservesAny =
      narrow || preserving.times || preserving.extendedAttributes != .ignore || finalMode != nil
    let attributes =
      preservesAny && isRegular
      ? AttributeCopy(
        preserving: preserving, source: entry.source,
        creationMode: finalMode, dropsInheritedACL: isNew && options.usesDefaultMode,
        mayHoldACL: isNew ? destination.folder.inheritsACL ?? true : true)
      : nil
    return FileCopy(
      transfer: FileTransfer(
        from: file, entry.source, into: target.descriptor, isRegular: isRegular,
        cloning: options.cloning, holes: options.holes),
      standing: standing, attributes: attributes)
  }
}
