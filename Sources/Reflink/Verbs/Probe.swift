public import SystemPackage

/// Tries out what is possible between a source and a directory, before anything is copied.
///
/// The source's first 64 KiB are cloned, by FICLONERANGE, into a file that nobody sees: one
/// without a name (O_TMPFILE), or where there are no such files one that is unlinked at once.
/// Nothing is written to the source or its directory. What is neither measured nor refused is not
/// guessed.
///
/// - Parameters:
///   - source: A regular file.
///   - directory: Where its copy is to be.
/// - Returns: What works, and why not what does not.
/// - Throws: `ReflinkError` where the source cannot be read, or nothing can be made in the
///   directory.
public func probe(
  from source: FilePath, to directory: FilePath
) async throws(ReflinkError) -> ProbeReport {
  try await runAsync(
    nil, source, (try Operand(source), try Operand(directory, .destination))
  ) { ProbeTrial($0.0, $0.1, $1) }
}

/// Tries out what is possible between an open file and an open directory.
///
/// - Parameters:
///   - source: A regular file, open for reading. The caller's, who may close it after this.
///   - directory: An open directory; the caller's.
/// - Returns: What works, and why not what does not.
/// - Throws: `ReflinkError`, as for paths.
public func probe(
  from source: FileDescriptor, to directory: FileDescriptor
) async throws(ReflinkError) -> ProbeReport {
  try await runAsync(
    nil, Operand.OpenFile.path(of: source),
    (try Operand(source), try Operand(directory, .destination))
  ) { ProbeTrial($0.0, $0.1, $1) }
}
