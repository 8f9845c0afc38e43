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
///   - controller: Cancels from another thread, and counts bytes.
/// - Returns: What became of every byte.
/// - Throws: `ReflinkError`: `invalidArgument` when the range ends past the end of
///   the source, `sourceChanged` when that happens meanwhile, `sameFile` when it
///   overlaps its own destination. A file that was made for it is removed then.
///
/// Not atomic and not point-in-time: long ranges are shared in steps of about 20 ms each.
public func cloneRange(
  from source: FilePath, range: Range<Int64>, to destination: FilePath, at offset: Int64,
  cloning: Cloning = .preferred, controller: CopyController? = nil
) throws(ReflinkError) -> CopyOutcome {
  try runBlocking(controller, (try Operand(source), try Operand(destination, .destination))) {
    (operands, activity) throws(ReflinkError) in
    try RangeCopy(from: operands.0, range, to: operands.1, at: offset, cloning, activity)
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
///   - controller: Cancelled with the task, and counts bytes.
/// - Returns: What became of every byte.
/// - Throws: `ReflinkError`, with the code `cancelled` when the task was cancelled.
public func cloneRange(
  from source: FilePath, range: Range<Int64>, to destination: FilePath, at offset: Int64,
  cloning: Cloning = .preferred, controller: CopyController? = nil
) async throws(ReflinkError) -> CopyOutcome {
  try await runAsync(
    controller, source, (try Operand(source), try Operand(destination, .destination))
  ) {
    (operands, activity) throws(ReflinkError) in
    try RangeCopy(from: operands.0, range, to: operands.1, at: offset, cloning, activity)
  }
}

/// Shares a range of an open file with a place in another, or in the same.
///
/// - Parameters:
///   - source: A regular file, open for reading. Stays open, and the caller's.
///   - range: Bytes of it. An empty range does nothing.
///   - destination: A regular file, open for reading and writing. Stays open, and the caller's.
///   - offset: Where in it the range is to begin, in bytes.
///   - cloning: Whether the blocks must be shared.
///   - controller: Cancels from another thread, and counts bytes.
/// - Returns: What became of every byte.
/// - Throws: `ReflinkError`, as for paths.
public func cloneRange(
  from source: FileDescriptor, range: Range<Int64>, to destination: FileDescriptor,
  at offset: Int64, cloning: Cloning = .preferred, controller: CopyController? = nil
) throws(ReflinkError) -> CopyOutcome {
  try runBlocking(controller, (try Operand(source), try Operand(destination, .destination))) {
    (operands, activity) throws(ReflinkError) in
    try RangeCopy(from: operands.0, range, to: operands.1, at: offset, cloning, activity)
  }
}

/// Shares a range of an open file without blocking a thread of Swift's cooperative pool.
///
/// - Parameters:
///   - source: A regular file, open for reading at least until this returns.
///   - range: Bytes of it. An empty range does nothing.
///   - destination: A regular file, open for reading and writing at least until this returns.
///   - offset: Where in it the range is to begin, in bytes.
///   - cloning: Whether the blocks must be shared.
///   - controller: Cancelled with the task, and counts bytes.
/// - Returns: What became of every byte.
/// - Throws: `ReflinkError`, with the code `cancelled` when the task was cancelled.
public func cloneRange(
  from source: FileDescriptor, range: Range<Int64>, to destination: FileDescriptor,
  at offset: Int64, cloning: Cloning = .preferred, controller: CopyController? = nil
) async throws(ReflinkError) -> CopyOutcome {
  try await runAsync(
    controller, Operand.OpenFile.path(of: source),
    (try Operand(source), try Operand(destination, .destination))
  ) {
    (operands, activity) throws(ReflinkError) in
    try RangeCopy(from: operands.0, range, to: operands.1, at: offset, cloning, activity)
  }
}
