public import SystemPackage

/// Copies one file, sharing its data where the file systems allow.
///
/// A regular file is cloned whole by FICLONE, a point-in-time copy that takes no
/// space until one of the two is written; where that is refused it is copied by
/// copy_file_range(2) or through memory, holes kept. Links and special files are
/// made anew. This call blocks its thread; from `async` code the twin that does not is chosen.
///
/// - Parameters:
///   - source: Anything but a directory; see `copyTree`.
///   - destination: The new name; its directory must exist.
///   - options: What is shared and what is preserved.
///   - rule: What becomes of a file that has the name already.
///   - controller: Cancels from another thread, and counts bytes; without one the copy
///     pays nothing for it.
/// - Returns: What became of every byte, and why it was not shared if it was not.
/// - Throws: `ReflinkError`. A new file that could not be completed is removed unless
///   `CopyOptions.partialFiles` says otherwise.
///
/// Atomicity: as `CopyOptions.publication` says; in place by default. Nothing is
/// made durable here: see fsync(2).
public func copy(
  _ source: FilePath, to destination: FilePath, options: CopyOptions = CopyOptions(),
  ifExists rule: ExistingRule = .fail, controller: CopyController? = nil
) throws(ReflinkError) -> CopyOutcome {
  try CopyRequest.runBlocking(
    controller, try request(source, destination, options, rule)
  ).file
}

/// Copies one file without blocking a thread of Swift's cooperative pool.
///
/// The copy takes turns with all others at a few threads that they share; otherwise
/// this is the blocking twin.
///
/// - Parameters:
///   - source: Anything but a directory.
///   - destination: The new name; its directory must exist.
///   - options: What is shared and what is preserved.
///   - rule: What becomes of a file that has the name already.
///   - controller: Cancelled with the task, and counts bytes.
/// - Returns: What became of every byte.
/// - Throws: `ReflinkError`, with the code `cancelled` when the task was cancelled.
public func copy(
  _ source: FilePath, to destination: FilePath, options: CopyOptions = CopyOptions(),
  ifExists rule: ExistingRule = .fail, controller: CopyController? = nil
) async throws(ReflinkError) -> CopyOutcome {
  try await CopyRequest.runAsync(
    controller, source, try request(source, destination, options, rule)
  ).file
}

/// Copies the data of an open file into another.
///
/// All of the source, from its first byte on (of a pipe: what is left in it), takes the
/// place of all that the destination held; the offsets of the two descriptors do not
/// matter and do not move. (A destination that is no regular file, such as a pipe or a
/// device, takes the data where it stands.) Attributes stay as they are. This call blocks its thread.
///
/// - Parameters:
///   - source: Open for reading. Stays open, and the caller's.
///   - destination: Open for writing, and not for appending. Stays open, and the caller's.
///   - options: What is shared; what is said of attributes, links and names does not matter.
///   - controller: Cancels from another thread, and counts bytes.
/// - Returns: What became of every byte.
/// - Throws: `ReflinkError`. The destination then holds the first `bytesDone` bytes;
///   where a clone is required and not possible at all, it still has what it had.
public func copy(
  _ source: FileDescriptor, to destination: FileDescriptor, options: CopyOptions = CopyOptions(),
  controller: CopyController? = nil
) throws(ReflinkError) -> CopyOutcome {
  try CopyRequest.runBlocking(
    controller, try request(source, destination, options)
  ).file
}

/// Copies the data of an open file into another, without blocking a thread of Swift's
/// cooperative pool.
///
/// - Parameters:
///   - source: Open for reading, at least until this returns.
///   - destination: Open for writing, at least until this returns, and not for appending.
///   - options: What is shared.
///   - controller: Cancelled with the task, and counts bytes.
/// - Returns: What became of every byte.
/// - Throws: `ReflinkError`. The destination then holds the first `bytesDone` bytes.
public func copy(
  _ source: FileDescriptor, to destination: FileDescriptor, options: CopyOptions = CopyOptions(),
  controller: CopyController? = nil
) async throws(ReflinkError) -> CopyOutcome {
  try await CopyRequest.runAsync(
    controller, Operand.OpenFile.path(of: source), try request(source, destination, options)
  ).file
}

/// A copy of one file that is not a directory, by names.
func request(
  _ source: FilePath, _ destination: FilePath, _ options: CopyOptions, _ rule: ExistingRule
) throws(ReflinkError) -> CopyRequest {
  try options.check(source, destination)
  let decide = rule.decideOnFile(options)
  let pair = try OperandPair(
    OwnedName(source), OwnedName(destination),
    EntryCopier(options: options, decide: decide, activity: nil))
  return CopyRequest(
    files: .named(pair.source, pair.destination), options: options, decide: decide)
}

/// A copy of the data of one open file.
func request(
  _ source: FileDescriptor, _ destination: FileDescriptor, _ options: CopyOptions
) throws(ReflinkError) -> CopyRequest {
  let paths = (Operand.OpenFile.path(of: source), Operand.OpenFile.path(of: destination))
  try options.check(paths.0, paths.1)
  func open(
    _ file: FileDescriptor, _ side: ReflinkError.Side
  ) throws(ReflinkError) -> Operand.OpenFile {
    do throws(SystemError) {
      return try Operand.OpenFile(file)
    } catch {
      throw error.during(.open(side), paths.0, paths.1)
    }
  }
  return CopyRequest(
    files: .open(try open(source, .source), try open(destination, .destination)),
    options: options, decide: ExistingRule.replace.decideOnFile(options))
}
