public import SystemPackage

/// Clones one file: its copy shares all data with it, or is not made.
///
/// FICLONE (ioctl_ficlone(2)) for a regular file; a point-in-time copy where `slices`
/// is `whole`. Like `copy` with `Cloning.required`, and with its attributes. An empty
/// file, and one that Btrfs keeps inside its metadata (`CopyOutcome.Method.inline`), have
/// nothing to share, and are cloned all the same. This call blocks its thread.
///
/// - Parameters:
///   - source: A regular file.
///   - destination: The new name, on the same file system.
///   - slices: Whether one system call clones all of it.
///   - preserving: What the clone keeps of its source beside the data.
///   - rule: What becomes of a file that has the name already.
///   - controller: Cancels from another thread, and counts bytes.
/// - Returns: What became of every byte.
/// - Throws: `ReflinkError`: `crossDevice`, or `notSupported` and why. Nothing is made
///   then, and a file that was there has what it had.
public func clone(
  _ source: FilePath, to destination: FilePath, slices: CloneSlices = .whole,
  preserving: Preservation = .everything, ifExists rule: ExistingRule = .fail,
  controller: CopyController? = nil
) throws(ReflinkError) -> CopyOutcome {
  try CopyRequest.runBlocking(
    controller,
    try request(source, destination, .clone(slices, preserving), rule.cloning(preserving))
  ).file
}

/// Clones one file without blocking a thread of Swift's cooperative pool.
///
/// - Parameters:
///   - source: A regular file.
///   - destination: The new name, on the same file system.
///   - slices: Whether one system call clones all of it.
///   - preserving: What the clone keeps of its source beside the data.
///   - rule: What becomes of a file that has the name already.
///   - controller: Cancelled with the task, and counts bytes.
/// - Returns: What became of every byte.
/// - Throws: `ReflinkError`: `crossDevice`, or `notSupported` and why.
public func clone(
  _ source: FilePath, to destination: FilePath, slices: CloneSlices = .whole,
  preserving: Preservation = .everything, ifExists rule: ExistingRule = .fail,
  controller: CopyController? = nil
) async throws(ReflinkError) -> CopyOutcome {
  try await CopyRequest.runAsync(
    controller, source,
    try request(source, destination, .clone(slices, preserving), rule.cloning(preserving))
  ).file
}

/// Clones the data of an open file into another, which loses what it held.
///
/// - Parameters:
///   - source: Open for reading. Stays open, and the caller's.
///   - destination: Open for writing, and not for appending. Stays open, and the caller's.
///   - slices: Whether one system call clones all of it.
///   - controller: Cancels from another thread, and counts bytes.
/// - Returns: What became of every byte.
/// - Throws: `ReflinkError`: `crossDevice`, or `notSupported` and why; the destination
///   then has what it had. After another error it holds the first `bytesDone` bytes.
public func clone(
  _ source: FileDescriptor, to destination: FileDescriptor, slices: CloneSlices = .whole,
  controller: CopyController? = nil
) throws(ReflinkError) -> CopyOutcome {
  try CopyRequest.runBlocking(
    controller, try request(source, destination, .clone(slices, .nothing))
  ).file
}

/// Clones the data of an open file into another, without blocking a thread of Swift's
/// cooperative pool.
///
/// - Parameters:
///   - source: Open for reading, at least until this returns.
///   - destination: Open for writing, at least until this returns, and not for appending.
///   - slices: Whether one system call clones all of it.
///   - controller: Cancelled with the task, and counts bytes.
/// - Returns: What became of every byte.
/// - Throws: `ReflinkError`: `crossDevice`, or `notSupported` and why.
public func clone(
  _ source: FileDescriptor, to destination: FileDescriptor, slices: CloneSlices = .whole,
  controller: CopyController? = nil
) async throws(ReflinkError) -> CopyOutcome {
  try await CopyRequest.runAsync(
    controller, Operand.OpenFile.path(of: source),
    try request(source, destination, .clone(slices, .nothing))
  ).file
}

extension ExistingRule {
  /// The same, for what can be cloned only.
  fileprivate func cloning(_ preserving: Preservation) -> ExistingRule {
    let decide = decide(.clone(.whole, preserving))
    return .policy {
      $0.source.type == .regular || $0.source.type == .directory ? decide($0) : .refuse(.notRegular)
    }
  }
}

extension CopyOptions {
  fileprivate static func clone(_ slices: CloneSlices, _ preserving: Preservation) -> Self {
    var options = CopyOptions(
      cloning: .required, slices: slices, preserving: preserving, symbolicLinks: .follow)
    options.detectsInlineData = true
    return options
  }
}
