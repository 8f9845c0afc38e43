public import SystemPackage

/// Copies a file or a directory with all that is in it.
///
/// Directories are walked from open directory to open directory, so that a symbolic link put in
/// place meanwhile leads nowhere. Hard links inside the tree stay hard links (with
/// `Preservation.hardLinks`), FIFOs and device nodes are made anew and never opened, directories
/// get their attributes last. The copy takes turns with all others at a few threads that they
/// share, several of which copy one tree; no thread of Swift's cooperative pool is blocked.
///
/// - Parameters:
///   - source: A file or directory.
///   - destination: Its new name. A directory that is there already is merged into, except with
///     the rule `fail`.
///   - options: What is shared and what is preserved.
///   - rule: What becomes of names that are taken.
///   - filter: What is left out.
///   - onFailure: Whether one failed entry ends the copy.
///   - plan: What `planTree` counted, so that progress knows the whole.
///   - basis: Earlier copies of the tree that this one builds on.
///   - controller: Cancels, and tells how far the copy is.
///   - onEntry: Told of every entry that was dealt with, a directory before what is in it: what
///     became of it, its source and its destination. Called on the threads that copy, several at a
///     time, with no lock held; until it returns, that thread copies nothing.
/// - Returns: The account of the whole tree. Unless one failure is to end the copy, look at
///   `failures`.
/// - Throws: `ReflinkError`: the first failure with `stop`, else only cancellation, whose
///   `bytesDone` counts what was complete.
///
/// Atomicity: as `CopyOptions.publication` says; without it what was complete stays after an error.
public func copyTree(
  _ source: FilePath, to destination: FilePath, options: CopyOptions = CopyOptions(),
  ifExists rule: ExistingRule = .fail, filter: EntryFilter = .everything,
  onFailure: FailureRule = .stop, plan: TreePlan? = nil, basedOn basis: CopyBasis? = nil,
  controller: CopyController? = nil,
  onEntry: (@Sendable (EntryOutcome, FilePath, FilePath) -> Void)? = nil
) async throws(ReflinkError) -> TreeOutcome {
  let parts = TreeParts(filter: filter, onFailure: onFailure, plan: plan, listener: onEntry)
  return try await CopyRequest.runAsync(
    controller, source, try .tree(source, destination, options, rule, parts, basis)
  ).account
}

/// Copies what is in an open directory into another.
///
/// The destination is merged into, and gets the source's attributes as far as they are preserved.
///
/// - Parameters:
///   - source: An open directory. The caller's, who may close it once this has returned.
///   - destination: An open directory; the caller's.
///   - options: What is shared and what is preserved.
///   - rule: What becomes of names that are taken in it.
///   - filter: What is left out.
///   - onFailure: Whether one failed entry ends the copy.
///   - plan: What `planTree` counted, so that progress knows the whole.
///   - controller: Cancels, and tells how far the copy is.
///   - onEntry: Told of every entry, as for paths.
/// - Returns: The account of the whole tree.
/// - Throws: `ReflinkError`, as for paths. What was complete stays.
public func copyTree(
  _ source: FileDescriptor, to destination: FileDescriptor, options: CopyOptions = CopyOptions(),
  ifExists rule: ExistingRule = .fail, filter: EntryFilter = .everything,
  onFailure: FailureRule = .stop, plan: TreePlan? = nil, controller: CopyController? = nil,
  onEntry: (@Sendable (EntryOutcome, FilePath, FilePath) -> Void)? = nil
) async throws(ReflinkError) -> TreeOutcome {
  let parts = TreeParts(filter: filter, onFailure: onFailure, plan: plan, listener: onEntry)
  return try await CopyRequest.runAsync(
    controller, Operand.OpenFile.path(of: source),
    try .tree(source, destination, options, rule, parts)
  ).account
}

/// Counts what a copy of a tree would copy, in entries and bytes.
///
/// What the destination holds is not asked, so that a copy with the rule `skip` or `replaceIfNewer`
/// may do less.
///
/// - Parameters:
///   - source: A file or directory.
///   - options: Which links are followed.
///   - filter: What is left out.
///   - onFailure: Whether an entry that cannot be looked at ends the counting.
///   - controller: Cancels; for it, counting is no copy.
/// - Returns: What there is, as of no single moment.
/// - Throws: `ReflinkError`, with the code `cancelled` when the task was cancelled.
public func planTree(
  _ source: FilePath, options: CopyOptions = CopyOptions(), filter: EntryFilter = .everything,
  onFailure: FailureRule = .stop, controller: CopyController? = nil
) async throws(ReflinkError) -> TreePlan {
  TreePlan(
    try await CopyRequest.runAsync(
      controller, isCopy: false, source, try .counting(source, options, filter, onFailure)
    ).account)
}
