public import SystemPackage

/// Shares a range of one file with a place in another, or in the same file.
///
/// Whole blocks are shared by FICLONERANGE (ioctl_ficlonerange(2)); what is left at
/// the unaligned ends is copied. To share at all, `range.lowerBound` and `offset`
/// must differ by a multiple of the file system's block. What stood at the place
/// is overwritten; a place past the end leaves a hole before it.
///
/// - Parameters:
///   - source: A regular file.
///   - range: Bytes of it. An empty range does nothing.
///   - destination: A regular file; made when it is missing.
///   - offset: Where in it the range is to begin, in bytes.
///   - cloning: With `required`, only the ends (less than a block each) are
///     copied, and a range whose blocks do not fit is an error.
///   - control: Cancels from another thread, and counts bytes.
/// - Returns: What became of every byte.
/// - Throws: `ReflinkError`: `invalidArgument` when the range ends past the end of
///   the source, `sameFile` when it overlaps its own destination.
///
/// Not atomic and not point-in-time: long ranges are shared in steps of 16 MiB.
public func cloneRange(
  from source: FilePath, range: Range<Int64>, to destination: FilePath, at offset: Int64,
  cloning: Cloning = .preferred, control: Control? = nil
) throws(ReflinkError) -> CopyOutcome {
  func fail(_ code: ReflinkError.Code) -> ReflinkError {
    ReflinkError(code: code, operation: .prepare, source: source, destination: destination)
  }
  guard range.lowerBound >= 0, offset >= 0,
    !offset.addingReportingOverflow(range.upperBound - range.lowerBound).overflow
  else { throw fail(.invalidArgument) }

  let from = try open(source, .nonBlocking, .open(.source), source, destination)
  // Readable too: in one file, the range is read from it.
  let to = try open(
    destination, [.readWrite, .create, .nonBlocking], .open(.destination), source, destination)
  let transfer: RangeTransfer
  let sourceStatus: FileStatus
  let destinationStatus: FileStatus
  let unit: Int64
  do throws(SystemError) {
    sourceStatus = try from.status()
    destinationStatus = try to.status()
    unit = try to.blockSize()
  } catch {
    throw error.during(.examine(.destination), source, destination)
  }
  guard sourceStatus.type == .regular, destinationStatus.type == .regular else {
    throw fail(.wrongType)
  }
  guard range.upperBound <= sourceStatus.size else { throw fail(.invalidArgument) }
  if range.isEmpty { return CopyOutcome() }
  if sourceStatus.identity == destinationStatus.identity {
    let target = offset..<offset + (range.upperBound - range.lowerBound)
    if target.overlaps(range) { throw fail(.sameFile) }
  }
  transfer = RangeTransfer(
    from: from, sourceStatus, range, into: to, destinationStatus, at: offset,
    unit: unit, cloning: cloning)
  if cloning == .required, transfer.outcome.clone == .refused(.misaligned) {
    throw fail(.notShareable(.misaligned))
  }
  return try finish(transfer, source, destination, control)
}

/// Shares a range without blocking a thread of Swift's cooperative pool.
///
/// - Parameters:
///   - source: A regular file.
///   - range: Bytes of it. An empty range does nothing.
///   - destination: A regular file; made when it is missing.
///   - offset: Where in it the range is to begin, in bytes.
///   - cloning: Whether the blocks must be shared.
///   - control: Cancelled with the task, and counts bytes.
/// - Returns: What became of every byte.
/// - Throws: `ReflinkError`, with the code `cancelled` when the task was cancelled.
public func cloneRange(
  from source: FilePath, range: Range<Int64>, to destination: FilePath, at offset: Int64,
  cloning: Cloning = .preferred, control: Control? = nil
) async throws(ReflinkError) -> CopyOutcome {
  try await onThreadOfItsOwn(source, destination, control) { (control) throws(ReflinkError) in
    try cloneRange(
      from: source, range: range, to: destination, at: offset, cloning: cloning, control: control)
  }
}

private func open(
  _ path: FilePath, _ flags: OpenFlags, _ operation: ReflinkError.Operation,
  _ source: FilePath, _ destination: FilePath
) throws(ReflinkError) -> Descriptor {
  do throws(SystemError) {
    return try path.withName { (name) throws(SystemError) in
      try Descriptor.currentFolder.open(name, flags, mode: 0o666)
    }
  } catch {
    throw error.during(operation, source, destination)
  }
}

private func finish(
  _ transfer: consuming RangeTransfer, _ source: FilePath, _ destination: FilePath,
  _ control: Control?
) throws(ReflinkError) -> CopyOutcome {
  var failure: ReflinkError
  do throws(SystemError) {
    if try run(&transfer, control: control) { return transfer.outcome }
    failure = ReflinkError(
      code: .cancelled, operation: .clone, source: source, destination: destination)
  } catch {
    let operation: ReflinkError.Operation =
      switch error.call {
      case .copyRange: .offload
      case .read: .read
      case .write: .write
      default: .clone
      }
    failure = error.during(operation, source, destination)
    if transfer.cloning == .required, let cause = transfer.outcome.fallback {
      failure.code = .notShareable(cause)
    }
  }
  failure.bytesDone = transfer.bytesDone
  failure.bytesLeft = transfer.bytesLeft
  throw failure
}
