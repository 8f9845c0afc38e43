public import SystemPackage

/// Copies a file or a folder with all that is in it.
///
/// Folders are walked from open folder to open folder, so that a symbolic link
/// put in place meanwhile leads nowhere. Hard links inside the tree stay hard
/// links (with `Preservation.hardLinks`), FIFOs and device nodes are made anew and
/// never opened, folders get their attributes last. This call blocks its thread, which
/// copies too; the shared threads help, and also call what listens.
///
/// - Parameters:
///   - source: A file or folder.
///   - destination: Its new name. A folder that is there already is merged into,
///     with the rules `skip` and `replace`.
///   - options: What is shared and what is preserved.
///   - rule: What becomes of names that are taken.
///   - onFailure: Whether one failed entry ends the copy.
///   - control: Cancels from another thread, and counts bytes.
///   - listener: Told of every entry.
/// - Returns: The account of the whole tree. With `FailureRule.goOn`, look at `failures`.
/// - Throws: `ReflinkError`: the first failure with `stop`, else only cancellation.
///
/// Atomicity: none for the tree; each file as `CopyOptions.publication` says.
public func copyTree(
  _ source: FilePath, to destination: FilePath, options: CopyOptions = CopyOptions(),
  ifExists rule: ExistingRule = .fail, onFailure: FailureRule = .stop,
  control: Control? = nil, listener: EntryListener? = nil
) throws(ReflinkError) -> TreeOutcome {
  try options.check(source, destination)
  let entries = EntryCopier(
    options: options, decide: rule.decide, control: control)
  var tree = TreeCopier(entries, onFailure: onFailure, listener: listener)
  try source.withName { (source) throws(ReflinkError) in
    try destination.withName { (destination) throws(ReflinkError) in
      try tree.copy(Place(.current, source), to: Place(.current, destination))
    }
  }
  return tree.outcome
}

/// Copies a file or a folder without blocking a thread of Swift's cooperative pool.
///
/// The copy takes turns with all others at a few threads that they share, and that also
/// call what listens; otherwise this is the blocking twin.
///
/// - Parameters:
///   - source: A file or folder.
///   - destination: Its new name.
///   - options: What is shared and what is preserved.
///   - rule: What becomes of names that are taken.
///   - onFailure: Whether one failed entry ends the copy.
///   - control: Cancelled with the task, and counts bytes.
///   - listener: Told of every entry.
/// - Returns: The account of the whole tree.
/// - Throws: `ReflinkError`, with the code `cancelled` when the task was cancelled.
public func copyTree(
  _ source: FilePath, to destination: FilePath, options: CopyOptions = CopyOptions(),
  ifExists rule: ExistingRule = .fail, onFailure: FailureRule = .stop,
  control: Control? = nil, listener: EntryListener? = nil
) async throws(ReflinkError) -> TreeOutcome {
  try options.check(source, destination)
  return try await onSharedQueue(source, destination, control) { control, completion in
    TreeWork(
      EntryCopier(options: options, decide: rule.decide, control: control),
      onFailure: onFailure, listener: listener, KeptPlace(source), to: KeptPlace(destination),
      completion: completion)
  }
}

