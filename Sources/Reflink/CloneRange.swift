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
///   the source, `sourceChanged` when that happens meanwhile, `sameFile` when it
///   overlaps its own destination. A file that was made for it is removed then.
///
/// Not atomic and not point-in-time: long ranges are shared in steps of 16 MiB.
public func cloneRange(
  from source: FilePath, range: Range<Int64>, to destination: FilePath, at offset: Int64,
  cloning: Cloning = .preferred, control: Control? = nil
) throws(ReflinkError) -> CopyOutcome {
  func fail(_ code: ReflinkError.Code) -> ReflinkError {
    ReflinkError(code: code, operation: .prepare, source: source, destination: destination)
  }
  let length = range.upperBound - range.lowerBound
  guard range.lowerBound >= 0, offset >= 0, !offset.addingReportingOverflow(length).overflow
  else { throw fail(.invalidArgument) }

  let side = RangeSide(source, .source, .nonBlocking)
  let from = try side.open(source, destination)
  let sourceStatus = try side.status(from, source, destination)
  guard sourceStatus.type == .regular else { throw fail(.wrongType) }
  guard range.upperBound <= sourceStatus.size else { throw fail(.invalidArgument) }
  if range.isEmpty { return CopyOutcome() }

  // Readable too: in one file, the range is read from it.
  var target = RangeSide(destination, .destination, [.readWrite, .nonBlocking])
  let to = try target.openOrMake(source, destination)
  do throws(ReflinkError) {
    let status = try target.status(to, source, destination)
    guard status.type == .regular else { throw fail(.wrongType) }
    if sourceStatus.identity == status.identity, (offset..<offset + length).overlaps(range) {
      throw fail(.sameFile)
    }
    let unit = (try? to.blockSize()) ?? 4096
    let transfer = RangeTransfer(
      from: from, sourceStatus, range, into: to, status, at: offset,
      unit: unit, cloning: cloning)
    if cloning == .required, transfer.outcome.clone == .refused(.misaligned) {
      throw fail(.notShareable(.misaligned))
    }
    return try finish(transfer, source, destination, control)
  } catch {
    target.removeIfMade()
    throw error
  }
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

/// One of the two files of a range.
private struct RangeSide {
  private let path: FilePath
  private let side: ReflinkError.Side
  private let flags: OpenFlags
  private var wasMade = false

  init(_ path: FilePath, _ side: ReflinkError.Side, _ flags: OpenFlags) {
    self.path = path
    self.side = side
    self.flags = flags
  }

  func open(_ source: FilePath, _ destination: FilePath) throws(ReflinkError) -> Descriptor {
    do throws(SystemError) {
      return try open(flags)
    } catch {
      throw error.during(.open(side), source, destination)
    }
  }

  mutating func openOrMake(
    _ source: FilePath, _ destination: FilePath
  ) throws(ReflinkError) -> Descriptor {
    do throws(SystemError) {
      do throws(SystemError) {
        let file = try open(flags.union([.create, .exclusive]))
        wasMade = true
        return file
      } catch {
        guard error.errno == .fileExists else { throw error }
        return try open(flags)
      }
    } catch {
      throw error.during(wasMade ? .createFile : .open(side), source, destination)
    }
  }

  func status(
    _ file: borrowing Descriptor, _ source: FilePath, _ destination: FilePath
  ) throws(ReflinkError) -> FileStatus {
    do throws(SystemError) {
      return try file.status()
    } catch {
      throw error.during(.examine(side), source, destination)
    }
  }

  func removeIfMade() {
    guard wasMade else { return }
    path.withName { name in try? Descriptor.currentFolder.remove(name) }
  }

  private func open(_ flags: OpenFlags) throws(SystemError) -> Descriptor {
    try path.withName { (name) throws(SystemError) in
      try Descriptor.currentFolder.open(name, flags, mode: 0o666)
    }
  }
}

private func finish(
  _ transfer: consuming RangeTransfer, _ source: FilePath, _ destination: FilePath,
  _ control: Control?
) throws(ReflinkError) -> CopyOutcome {
  var failure: ReflinkError
  do throws(SystemError) {
    let isFinished = try run(&transfer, control: control)
    if isFinished, transfer.bytesLeft == 0 { return transfer.outcome }
    failure = ReflinkError(
      code: isFinished ? .sourceChanged : .cancelled, operation: .clone,
      source: source, destination: destination)
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
