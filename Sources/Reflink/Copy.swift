public import SystemPackage

/// Copies one file, sharing its data where the file systems allow.
///
/// A regular file is cloned whole by FICLONE, a point-in-time copy that takes no
/// space until one of the two is written; where that is refused it is copied by
/// copy_file_range(2) or through memory, holes kept. Links and special files are
/// made anew. This call blocks its thread; from `async` code the twin that does not is chosen.
///
/// - Parameters:
///   - source: Anything but a folder; see `copyTree`.
///   - destination: The new name; its folder must exist.
///   - options: What is shared and what is preserved.
///   - rule: What becomes of a file that has the name already.
///   - control: Cancels from another thread, and counts bytes; without one the copy
///     pays nothing for it.
/// - Returns: What became of every byte, and why it was not shared if it was not.
/// - Throws: `ReflinkError`. A new file that could not be completed is removed unless
///   `CopyOptions.partialFiles` says otherwise.
///
/// Atomicity: as `CopyOptions.publication` says; in place by default. Nothing is
/// made durable here: see fsync(2).
public func copy(
  _ source: FilePath, to destination: FilePath, options: CopyOptions = CopyOptions(),
  ifExists rule: ExistingRule = .fail, control: Control? = nil
) throws(ReflinkError) -> CopyOutcome {
  try check(options, source, destination)
  let entries = EntryCopier(options: options, decide: rule.decideOnFile, control: control)
  let result = try source.withName { (source) throws(ReflinkError) in
    try destination.withName { (destination) throws(ReflinkError) in
      try entries.copy(
        Place(.current, source), isOperand: true, to: Place(.current, destination))
    }
  }
  switch consume result {
  case .file(let outcome): return outcome
  default: return CopyOutcome()
  }
}

/// Copies one file without blocking a thread of Swift's cooperative pool.
///
/// The copy takes turns with all others at a few threads that they share; otherwise
/// this is the blocking twin.
///
/// - Parameters:
///   - source: Anything but a folder.
///   - destination: The new name; its folder must exist.
///   - options: What is shared and what is preserved.
///   - rule: What becomes of a file that has the name already.
///   - control: Cancelled with the task, and counts bytes.
/// - Returns: What became of every byte.
/// - Throws: `ReflinkError`, with the code `cancelled` when the task was cancelled.
public func copy(
  _ source: FilePath, to destination: FilePath, options: CopyOptions = CopyOptions(),
  ifExists rule: ExistingRule = .fail, control: Control? = nil
) async throws(ReflinkError) -> CopyOutcome {
  try check(options, source, destination)
  return try await onSharedQueue(source, destination, control) { control, completion in
    FileWork(
      EntryCopier(options: options, decide: rule.decideOnFile, control: control), nil,
      KeptPlace(source), to: KeptPlace(destination), completion: completion)
  }
}

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
  try check(options, source, destination)
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
  try check(options, source, destination)
  return try await onSharedQueue(source, destination, control) { control, completion in
    TreeWork(
      EntryCopier(options: options, decide: rule.decide, control: control),
      onFailure: onFailure, listener: listener, KeptPlace(source), to: KeptPlace(destination),
      completion: completion)
  }
}

/// Options that exclude each other.
private func check(
  _ options: CopyOptions, _ source: FilePath, _ destination: FilePath
) throws(ReflinkError) {
  guard options.cloning != .required || options.holes == .keep else {
    throw ReflinkError(
      code: .invalidArgument, operation: .prepare, source: source, destination: destination,
      errno: .invalidArgument)
  }
}
