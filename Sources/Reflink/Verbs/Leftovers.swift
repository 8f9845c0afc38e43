public import SystemPackage

/// Lists what copies that were killed have left in a directory under temporary names.
///
/// Whatever is to appear complete has such a name (`.reflink-` and up to 13 letters and digits) until
/// it does, where it cannot be made without one. A process that is killed leaves it. What a copy that
/// runs is making, in any process of this machine, is not listed: it is locked (flock(2)). Only what
/// belongs to the calling user is looked at; to root, everything does.
///
/// - Parameters:
///   - directory: Where to look.
///   - recursively: Whether to look into all that is in it too. What the caller may not look into is
///     left out.
///   - controller: Cancels.
/// - Returns: Paths that begin with `directory`.
/// - Throws: `ReflinkError`.
public func leftovers(
  in directory: FilePath, recursively: Bool = false, controller: CopyController? = nil
) async throws(ReflinkError) -> [FilePath] {
  try await runAsync(controller, directory, OwnedName(directory)) {
    (directory, activity) throws(ReflinkError) in
    try LeftoverSweep(directory, recursively: recursively, removes: false, activity)
  }
}

/// Removes what copies that were killed have left in a directory under temporary names; see
/// `leftovers`.
///
/// - Parameters:
///   - directory: Where to look.
///   - recursively: Whether to look into all that is in it too.
///   - controller: Cancels.
/// - Returns: What was removed.
/// - Throws: `ReflinkError`: where something cannot be removed, which `leftover` names.
@discardableResult
public func removeLeftovers(
  in directory: FilePath, recursively: Bool = false, controller: CopyController? = nil
) async throws(ReflinkError) -> [FilePath] {
  try await runAsync(controller, directory, OwnedName(directory)) {
    (directory, activity) throws(ReflinkError) in
    try LeftoverSweep(directory, recursively: recursively, removes: true, activity)
  }
}
