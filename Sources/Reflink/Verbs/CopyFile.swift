public import SystemPackage

/// Copies one file, sharing its data where the file systems allow.
///
/// A regular file is cloned whole by FICLONE, a point-in-time copy that takes no space until one
/// of the two is written; where that is refused it is copied by copy_file_range(2) or through
/// memory, holes kept. Links and special files are made anew. The call takes turns with all
/// others at a few threads that they share: no thread of Swift's cooperative pool is blocked.
///
/// - Parameters:
///   - source: Anything but a directory; see `copyTree`.
///   - destination: The new name; its directory must exist.
///   - options: What is shared and what is preserved.
///   - rule: What becomes of a file that has the name already.
///   - basis: An earlier copy that is brought up to date, in a file of its own; the destination itself may be it.
///   - controller: Cancels, and counts bytes; without one the copy pays nothing for it.
/// - Returns: What became of every byte, and why it was not shared if it was not.
/// - Throws: `ReflinkError`, with the code `cancelled` when the task was cancelled. A new file that
///   could not be completed is removed unless `CopyOptions.partialFiles` says otherwise.
///
/// Atomicity: as `CopyOptions.publication` says; in place by default. Nothing is made durable
/// here: see fsync(2).
public func copyFile(
  _ source: FilePath, to destination: FilePath, options: CopyOptions = CopyOptions(),
  ifExists rule: ExistingRule = .fail, basedOn basis: CopyBasis? = nil,
  controller: CopyController? = nil
) async throws(ReflinkError) -> CopyOutcome {
  try await CopyRequest.runAsync(
    controller, source, try .file(source, destination, options, rule, basis)
  ).file
}

/// Copies the data of an open file into another.
///
/// All of the source, from its first byte on (of a pipe: what is left in it), takes the place of
/// all that the destination held; the offsets of the two descriptors do not matter and do not
/// move. (A destination that is no regular file, such as a pipe or a device, takes the data where
/// it stands.) Attributes stay as they are.
///
/// - Parameters:
///   - source: Open for reading. The caller's, who may close it once this has returned.
///   - destination: Open for writing, and not for appending; the caller's.
///   - options: What is shared; what is said of attributes, links and names does not matter.
///   - controller: Cancels, and counts bytes.
/// - Returns: What became of every byte.
/// - Throws: `ReflinkError`. The destination then holds the first `bytesDone` bytes; where a clone
///   is required and not possible at all, it still has what it had.
public func copyFile(
  _ source: FileDescriptor, to destination: FileDescriptor, options: CopyOptions = CopyOptions(),
  controller: CopyController? = nil
) async throws(ReflinkError) -> CopyOutcome {
  try await CopyRequest.runAsync(
    controller, Operand.OpenFile.path(of: source), try .file(source, destination, options)
  ).file
}
