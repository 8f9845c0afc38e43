public import SystemPackage

/// Has a file share what it has in common with another at the same offsets: two that were copied apart become
/// like a file and its clone, and the space of what is equal is free.
///
/// Neither file's content changes. What is equal is found by reading both; FIDEDUPERANGE
/// (ioctl_fideduperange(2)) then compares again under the locks of both, so that it is safe beside writers, and
/// shares. Whole blocks are shared; a part of one only where both files end with it.
///
/// - Parameters:
///   - file: A regular file, whose storage is given up. It takes write access to it, or its ownership.
///   - source: A regular file on the same file system, which keeps its storage.
///   - controller: Cancels, and counts bytes.
/// - Returns: What is shared now, what was, and what differs.
/// - Throws: `ReflinkError`: `notSupported` with the cause where the file system cannot, `sameFile` for two names of
///   one file.
public func deduplicate(
  _ file: FilePath, with source: FilePath, controller: CopyController? = nil
) async throws(ReflinkError) -> DeduplicationOutcome {
  try await runAsync(controller, source, (try Operand(file, .destination), try Operand(source))) {
    (operands, activity) throws(ReflinkError) in
    try Deduplication(operands.0, with: operands.1, activity)
  }
}
