public import SystemPackage

/// Copies many files, each to a name of its own, as `copyFile` copies one.
///
/// For caches, stores and work trees: the files are copied one after the other in one task of the
/// shared threads, and directories that follow each other are opened once, so that a small file costs
/// as much as in a tree. Sort the pairs by directory. With `CopyOptions.smallestClone` small files are
/// copied where that takes less time than cloning.
///
/// - Parameters:
///   - pairs: Sources, which are no directories, and their new names. Relative paths begin at what is
///     the current directory at the call.
///   - options: What is shared and what is preserved.
///   - rule: What becomes of names that are taken.
///   - onFailure: Whether one failed file ends the copy.
///   - controller: Cancels, and counts bytes.
///   - onEntry: Told of every file that was dealt with: what became of it, its source and its
///     destination. Called on the thread that copies, with no lock held.
/// - Returns: The account of all files. Unless one failure is to end the copy, look at `failures`.
/// - Throws: `ReflinkError`: the first failure with `stop`, else only cancellation. What was complete
///   stays.
public func copyFiles(
  _ pairs: [(source: FilePath, destination: FilePath)], options: CopyOptions = CopyOptions(),
  ifExists rule: ExistingRule = .fail, onFailure: FailureRule = .stop,
  controller: CopyController? = nil,
  onEntry: (@Sendable (EntryOutcome, FilePath, FilePath) -> Void)? = nil
) async throws(ReflinkError) -> TreeOutcome {
  let parts = TreeParts(onFailure: onFailure, listener: onEntry)
  return try await runAsync(
    controller, pairs.first?.source ?? "", try BatchRequest(pairs, options, rule, parts),
    on: { .of($0.options) }
  ) { $0.begin($1) }
}

extension Blocking {
  /// Copies many files, each to a name of its own, as `copyFiles`.
  public static func copyFiles(
    _ pairs: [(source: FilePath, destination: FilePath)], options: CopyOptions = CopyOptions(),
    ifExists rule: ExistingRule = .fail, onFailure: FailureRule = .stop,
    controller: CopyController? = nil,
    onEntry: (@Sendable (EntryOutcome, FilePath, FilePath) -> Void)? = nil
  ) throws(ReflinkError) -> TreeOutcome {
    let parts = TreeParts(onFailure: onFailure, listener: onEntry)
    return try runBlocking(controller, try BatchRequest(pairs, options, rule, parts)) {
      $0.begin($1)
    }
  }
}
