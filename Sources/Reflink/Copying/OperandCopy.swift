import SystemPackage

/// The copy of one file that a caller named or holds open, for the verbs: where it
/// comes from, where it goes, and how it is done.
struct OperandCopy: Sendable {
  let entries: EntryCopier
  let source: FileOperand
  let destination: FileOperand

  /// To the end, on the caller's thread.
  func run() throws(ReflinkError) -> CopyOutcome {
    let result = try step(nil)
    switch consume result {
    case .file(let outcome): return outcome
    default: return CopyOutcome()
    }
  }

  func work(
    _ completion: @escaping @Sendable (Result<CopyOutcome, ReflinkError>) -> Void
  ) -> FileWork {
    FileWork(
      entries, OwnedLocation(source.path), to: OwnedLocation(destination.path),
      opening: { (turn) throws(ReflinkError) in try step(turn) }, completion: completion)
  }

  private func step(_ turn: WorkerTurn?) throws(ReflinkError) -> EntryCopier.Result {
    try source.path.withName { (from) throws(ReflinkError) in
      try destination.path.withName { (to) throws(ReflinkError) in
        let from = Location(.current, from)
        let to = Location(.current, to)
        switch (source, destination) {
        case (.path, .path): return try entries.copy(from, isOperand: true, to: to, turn)
        case (_, .path): return try entries.copyFile(open(), from, to: to, turn)
        case (_, .open):
          return try entries.resume(with: entries.begin(open(), opened(), from, to), from, to, turn)
        }
      }
    }
  }

  private func open() throws(ReflinkError) -> Descriptor {
    do throws(SystemError) {
      return try source.open(.nonBlocking)
    } catch {
      throw error.during(.open(.source), source.path, destination.path)
    }
  }

  private func opened() throws(ReflinkError) -> Descriptor {
    do throws(SystemError) {
      return try destination.open(.write)
    } catch {
      throw error.during(.open(.destination), source.path, destination.path)
    }
  }
}

extension EntryCopier {
  /// Copies an open file to a name.
  fileprivate func copyFile(
    _ file: consuming Descriptor, _ source: Location, to destination: Location, _ turn: WorkerTurn?
  ) throws(ReflinkError) -> Result {
    let status = try examine(file, .source, source, destination)
    let entry = EntryFacts(source: status, destination: .unseen, isOperand: true)
    if case .refuse(let refusal) = decide(entry).kind {
      throw refused(refusal, source, destination)
    }
    return try copyFile(entry, file, source, to: destination, turn)
  }

  /// The data of an open file into another, which loses what it had. Attributes are
  /// its owner's business.
  fileprivate func begin(
    _ file: consuming Descriptor, _ target: consuming Descriptor,
    _ source: Location, _ destination: Location
  ) throws(ReflinkError) -> FileCopy {
    let status = try examine(file, .source, source, destination)
    let existing = try examine(target, .destination, source, destination)
    // An opening of our own need not wait for a reader; the caller's is left as it is.
    var target = target
    if existing.type == .fifo, let own = try? target.reopenForWriting() { target = own }
    if status.identity == existing.identity { throw refused(.sameFile, source, destination) }
    for type in [status.type, existing.type] where type == .directory || type == .symbolicLink {
      throw ReflinkError(
        code: .wrongType, operation: .prepare, source: source.path,
        destination: destination.path, errno: type == .directory ? .isDirectory : .badFileDescriptor
      )
    }
    do throws(SystemError) {
      // Whatever the offset, such a file is written at its end.
      if try target.appends() { throw SystemError(call: .write, errno: .badFileDescriptor) }
      try prepare(target, existing, for: file, status)
    } catch {
      throw cannotWrite(error, source, destination)
    }
    controller?.begin(source.path)
    controller?.expect(bytes: status.size, files: 1)
    return FileCopy(
      status: status,
      transfer: FileTransfer(
        from: file, status, into: target, existing.type,
        cloning: options.cloning, holes: options.holes, slices: options.slices),
      publicationState: .existing, attributes: nil)
  }

  private func examine(
    _ file: borrowing Descriptor, _ side: ReflinkError.Side, _ source: Location,
    _ destination: Location
  ) throws(ReflinkError) -> FileStatus {
    do throws(SystemError) {
      return try file.status()
    } catch {
      throw error.during(.examine(side), source.path, destination.path)
    }
  }
}
