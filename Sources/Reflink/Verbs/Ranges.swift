public import SystemPackage

/// Shares a range of one file with a place in another, or in the same file; or fails.
///
/// Whole blocks are shared by FICLONERANGE (ioctl_ficlonerange(2)); what is left at the unaligned
/// ends, less than a block each, is copied. `range.lowerBound` and `offset` must differ by a
/// multiple of the file system's block. What stood at the place is overwritten; a place past the
/// end leaves a hole before it.
///
/// - Parameters:
///   - source: A regular file.
///   - range: Bytes of it. An empty range does nothing.
///   - destination: A regular file; made when it is missing.
///   - offset: Where in it the range is to begin, in bytes.
///   - controller: Cancels, and counts bytes.
/// - Returns: What became of every byte.
/// - Throws: `ReflinkError`: `invalidArgument` when the range ends past the end of the source,
///   `notSupported` when blocks do not fit, `sourceChanged` when the source becomes shorter
///   meanwhile, `sameFile` when the range overlaps its own destination. A file that was made for
///   it is removed then.
///
/// Not atomic and not point-in-time: long ranges are shared in steps of about 20 ms each.
public func cloneRange(
  from source: FilePath, range: Range<Int64>, to destination: FilePath, at offset: Int64,
  controller: CopyController? = nil
) async throws(ReflinkError) -> CopyOutcome {
  try await copyRange(
    from: source, range: range, to: destination, at: offset, cloning: .required,
    controller: controller)
}

/// Copies a range of one file to a place in another, or in the same file, sharing what can be
/// shared.
///
/// As `cloneRange`, but what is not shared is
/// copied, and holes stay holes.
///
/// - Parameters:
///   - source: A regular file.
///   - range: Bytes of it. An empty range does nothing.
///   - destination: A regular file; made when it is missing.
///   - offset: Where in it the range is to begin, in bytes.
///   - cloning: Whether blocks are shared.
///   - controller: Cancels, and counts bytes.
/// - Returns: What became of every byte.
/// - Throws: `ReflinkError`, as for clones.
public func copyRange(
  from source: FilePath, range: Range<Int64>, to destination: FilePath, at offset: Int64,
  cloning: CopyOptions.Cloning = .preferred, controller: CopyController? = nil
) async throws(ReflinkError) -> CopyOutcome {
  try await runAsync(
    controller, source, (try Operand(source), try Operand(destination, .destination))
  ) { (operands, activity) throws(ReflinkError) in
    try RangeCopy(from: operands.0, range, to: operands.1, at: offset, cloning, activity)
  }
}

/// Shares a range of an open file with a place in another, or in the same; or fails.
///
/// - Parameters:
///   - source: A regular file, open for reading. The caller's, who may close it after this.
///   - range: Bytes of it. An empty range does nothing.
///   - destination: A regular file, open for reading and writing; the caller's.
///   - offset: Where in it the range is to begin, in bytes.
///   - controller: Cancels, and counts bytes.
/// - Returns: What became of every byte.
/// - Throws: `ReflinkError`, as for paths.
public func cloneRange(
  from source: FileDescriptor, range: Range<Int64>, to destination: FileDescriptor,
  at offset: Int64, controller: CopyController? = nil
) async throws(ReflinkError) -> CopyOutcome {
  try await copyRange(
    from: source, range: range, to: destination, at: offset, cloning: .required,
    controller: controller)
}

/// Copies a range of an open file to a place in another, or in the same, sharing what can be
/// shared.
///
/// - Parameters:
///   - source: A regular file, open for reading. The caller's, who may close it after this.
///   - range: Bytes of it. An empty range does nothing.
///   - destination: A regular file, open for reading and writing; the caller's.
///   - offset: Where in it the range is to begin, in bytes.
///   - cloning: Whether blocks are shared.
///   - controller: Cancels, and counts bytes.
/// - Returns: What became of every byte.
/// - Throws: `ReflinkError`, as for paths.
public func copyRange(
  from source: FileDescriptor, range: Range<Int64>, to destination: FileDescriptor,
  at offset: Int64, cloning: CopyOptions.Cloning = .preferred, controller: CopyController? = nil
) async throws(ReflinkError) -> CopyOutcome {
  try await runAsync(
    controller, Operand.OpenFile.path(of: source),
    (try Operand(source), try Operand(destination, .destination))
  ) { (operands, activity) throws(ReflinkError) in
    try RangeCopy(from: operands.0, range, to: operands.1, at: offset, cloning, activity)
  }
}
