public import SystemPackage

/// Clones one file: its copy shares all data with it, or is not made.
///
/// FICLONE (ioctl_ficlone(2)) for a regular file; a point-in-time copy where `slices` is `whole`.
/// An empty file, and one that Btrfs keeps inside its metadata (`CopyOutcome.Method.inline`), have
/// nothing to share, and are cloned all the same. Of a large file, two or more clones run at a
/// time in a process; more wait for their turn, and can be cancelled while they do.
///
/// - Parameters:
///   - source: A regular file.
///   - destination: The new name, on the same file system.
///   - slices: Whether one system call clones all of it.
///   - preserving: What the clone keeps of its source beside the data.
///   - publication: When the clone gets its name; by default when it is complete.
///   - rule: What becomes of a file that has the name already.
///   - controller: Cancels, and counts bytes.
/// - Returns: What became of every byte.
/// - Throws: `ReflinkError`: `crossDevice`, or `notSupported` and why. Nothing is made then, and a
///   file that was there has what it had.
public func cloneFile(
  _ source: FilePath, to destination: FilePath, slices: CopyOptions.Slices = .whole,
  preserving: CopyOptions.Preservation = .everything,
  publication: CopyOptions.Publication = .unnamed, ifExists rule: ExistingRule = .fail,
  controller: CopyController? = nil
) async throws(ReflinkError) -> CopyOutcome {
  let options = CopyOptions.clone(slices, preserving, publication)
  return try await CopyRequest.runAsync(
    controller, source, try .file(source, destination, options, rule.cloning(options))
  ).file
}

/// Clones the data of an open file into another, which loses what it held.
///
/// - Parameters:
///   - source: Open for reading. The caller's, who may close it once this has returned.
///   - destination: Open for writing, and not for appending; the caller's.
///   - slices: Whether one system call clones all of it.
///   - controller: Cancels, and counts bytes.
/// - Returns: What became of every byte.
/// - Throws: `ReflinkError`: `crossDevice`, or `notSupported` and why; the destination then has
///   what it had. After another error it holds the first `bytesDone` bytes.
public func cloneFile(
  _ source: FileDescriptor, to destination: FileDescriptor,
  slices: CopyOptions.Slices = .whole, controller: CopyController? = nil
) async throws(ReflinkError) -> CopyOutcome {
  try await CopyRequest.runAsync(
    controller, Operand.OpenFile.path(of: source),
    try .file(source, destination, .clone(slices, .nothing, .inPlace))
  ).file
}
