public import SystemPackage

/// Finds which bytes of a file may have changed since a clone of it was made, without reading them.
///
/// The file is cloned once more, into a file without a name beside it, so that writers do not matter; then
/// the extent maps of the two clones are compared (FS_IOC_FIEMAP with FIEMAP_FLAG_SYNC). What both have at
/// one place is equal: a block that two files refer to is never written in place. Holes and what
/// is reserved and was never written are zeros. Everything in doubt counts as changed: compressed extents, of which
/// FIEMAP does not tell the part, inline data, and what was moved by defragmentation, balancing or
/// deduplication.
///
/// - Parameters:
///   - file: A regular file. Where no file can be made beside it, as on a file system that is
///     read only, it is looked at itself, and nothing is known if it changes meanwhile.
///   - snapshot: An earlier clone of it, in another file on the same file system.
///   - controller: Cancels.
/// - Returns: Ranges that may differ, ranges that are equal, and how much that says; as of the moment of the
///   new clone.
/// - Throws: `ReflinkError`. That nothing can be known is no error; see `ChangedRanges.Certainty`.
public func changedRanges(
  of file: FilePath, since snapshot: FilePath, controller: CopyController? = nil
) async throws(ReflinkError) -> ChangedRanges {
  try await runAsync(controller, file, (try Operand(file), try Operand(snapshot))) {
    (operands, activity) throws(ReflinkError) in
    try ChangeScan(of: operands.0, since: operands.1, activity)
  }
}
