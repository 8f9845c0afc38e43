import SystemPackage

/// Files that the caller holds open.
extension EntryCopier {
  /// Copies an open file to a name.
  func copy(
    _ source: Operand.OpenFile, _ from: Location, to destination: Location, _ turn: WorkerTurn?
  ) throws(ReflinkError) -> Result {
    let file = try attempt(.open(.source), from, destination) { () throws(SystemError) in
      try Descriptor(duplicating: source.descriptor.number)
    }
    let status = try attempt(.examine(.source), from, destination) { () throws(SystemError) in
      try source.descriptor.status()
    }
    let entry = EntryFacts(source: status, destination: .unseen, isOperand: true)
    if case .refuse(let refusal) = decide(entry).kind {
      throw refused(refusal, from, destination)
    }
    return try copyFile(entry, file, from, to: destination, turn)
  }

  /// The data of an open file into another, which loses what it had. Attributes are
  /// its owner's business.
  func copy(
    _ source: Operand.OpenFile, _ from: Location, into target: Operand.OpenFile, _ to: Location,
    _ turn: WorkerTurn?
  ) throws(ReflinkError) -> Result {
    let status = try attempt(.examine(.source), from, to) { () throws(SystemError) in
      try source.descriptor.status()
    }
    let existing = try attempt(.examine(.destination), from, to) { () throws(SystemError) in
      try target.descriptor.status()
    }
    if status.identity == existing.identity { throw refused(.sameFile, from, to) }
    for type in [status.type, existing.type] where type == .directory || type == .symbolicLink {
      throw ReflinkError(
        code: .wrongType, operation: .prepare, source: from.path,
        destination: to.path, errno: type == .directory ? .isDirectory : .badFileDescriptor)
    }
    let file = try attempt(.open(.source), from, to) { () throws(SystemError) in
      try Descriptor(duplicating: source.descriptor.number)
    }
    var destination = try attempt(.open(.destination), from, to) { () throws(SystemError) in
      try Descriptor(duplicating: target.descriptor.number)
    }
    // An opening of our own need not wait for a reader; the caller's is left as it is.
    if existing.type == .fifo || destination.isTerminal,
      let own = try? destination.reopenForWriting()
    {
      destination = own
    }
    try requireWriting(destination, from, to)
    do throws(SystemError) {
      try prepare(destination, existing, for: file, status)
    } catch {
      throw cannotWrite(error, from, to)
    }
    activity?.controller?.begin(from.path)
    activity?.controller?.expect(bytes: status.size, files: 1)
    let copy = FileCopy(
      status: status, isOperand: true,
      transfer: FileTransfer(
        from: file, status, into: destination, existing.type,
        cloning: options.cloning(of: status), holes: options.holes, slices: options.slices,
        pace: pace),
      name: nil, attributes: nil)
    return try proceed(copy, from, to, turn)
  }

  /// Whatever the offset, a file that is open for appending is written at its end.
  private func requireWriting(
    _ file: borrowing Descriptor, _ source: Location, _ destination: Location
  ) throws(ReflinkError) {
    let access = try attempt(.examine(.destination), source, destination) {
      () throws(SystemError) in try (file.isWritable(), file.isAppending())
    }
    if access.0, !access.1 { return }
    let state = access.0 ? "open for appending" : "not open for writing"
    throw ReflinkError(
      code: .invalidArgument, operation: .createFile, source: source.path,
      destination: destination.path, errno: .badFileDescriptor,
      reason: "\(destination.path) is \(state)")
  }
}
