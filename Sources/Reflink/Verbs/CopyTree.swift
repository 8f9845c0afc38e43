public import SystemPackage

/// Copies a file or a directory with all that is in it.
///
/// Directories are walked from open directory to open directory, so that a symbolic link
/// put in place meanwhile leads nowhere. Hard links inside the tree stay hard
/// links (with `Preservation.hardLinks`), FIFOs and device nodes are made anew and
/// never opened, directories get their attributes last. This call blocks its thread, which
/// copies too, and never anything of another call; threads that all copies share help, and
/// also call what listens.
///
/// - Parameters:
///   - source: A file or directory.
///   - destination: Its new name. A directory that is there already is merged into,
///     except with the rule `fail`.
///   - options: What is shared and what is preserved.
///   - rule: What becomes of names that are taken.
///   - filter: What is left out.
///   - onFailure: Whether one failed entry ends the copy.
///   - plan: What `planTree` counted, so that progress knows the whole.
///   - workers: Whose threads copy.
///   - controller: Cancels from another thread, and tells how far the copy is.
///   - listener: Told of every entry.
/// - Returns: The account of the whole tree. Unless one failure is to end the copy, look
///   at `failures`.
/// - Throws: `ReflinkError`: the first failure with `stop`, else only cancellation, whose
///   `bytesDone` counts what was complete.
///
/// Atomicity: as `CopyOptions.publication` says; without it what was complete stays
/// after an error.
public func copyTree(
  _ source: FilePath, to destination: FilePath, options: CopyOptions = CopyOptions(),
  ifExists rule: ExistingRule = .fail, filter: EntryFilter = .everything,
  onFailure: FailureRule = .stop, plan: TreePlan? = nil, workers: TreeWorkers = .shared,
  controller: CopyController? = nil, listener: EntryListener? = nil
) throws(ReflinkError) -> TreeOutcome {
  try CopyRequest.runBlocking(
    controller,
    try request(
      source, destination, options, rule, filter, onFailure, plan, listener, workers: workers
    )
  ).account
}

/// Copies a file or a directory without blocking a thread of Swift's cooperative pool.
///
/// The copy takes turns with all others at a few threads that they share, and that also
/// call what listens; otherwise this is the blocking twin.
///
/// - Parameters:
///   - source: A file or directory.
///   - destination: Its new name.
///   - options: What is shared and what is preserved.
///   - rule: What becomes of names that are taken.
///   - filter: What is left out.
///   - onFailure: Whether one failed entry ends the copy.
///   - plan: What `planTree` counted, so that progress knows the whole.
///   - controller: Cancelled with the task, and tells how far the copy is.
///   - listener: Told of every entry.
/// - Returns: The account of the whole tree.
/// - Throws: `ReflinkError`, with the code `cancelled` when the task was cancelled.
public func copyTree(
  _ source: FilePath, to destination: FilePath, options: CopyOptions = CopyOptions(),
  ifExists rule: ExistingRule = .fail, filter: EntryFilter = .everything,
  onFailure: FailureRule = .stop, plan: TreePlan? = nil, controller: CopyController? = nil,
  listener: EntryListener? = nil
) async throws(ReflinkError) -> TreeOutcome {
  try await CopyRequest.runAsync(
    controller, source,
    try request(source, destination, options, rule, filter, onFailure, plan, listener)
  ).account
}

/// Copies what is in an open directory into another.
///
/// The destination is merged into, and gets the source's attributes as far as they are
/// preserved. This call blocks its thread, which copies too.
///
/// - Parameters:
///   - source: An open directory. Stays open, and the caller's.
///   - destination: An open directory. Stays open, and the caller's.
///   - options: What is shared and what is preserved.
///   - rule: What becomes of names that are taken in it.
///   - filter: What is left out.
///   - onFailure: Whether one failed entry ends the copy.
///   - plan: What `planTree` counted, so that progress knows the whole.
///   - workers: Whose threads copy.
///   - controller: Cancels from another thread, and tells how far the copy is.
///   - listener: Told of every entry.
/// - Returns: The account of the whole tree.
/// - Throws: `ReflinkError`, as for paths. What was complete stays.
public func copyTree(
  _ source: FileDescriptor, to destination: FileDescriptor, options: CopyOptions = CopyOptions(),
  ifExists rule: ExistingRule = .fail, filter: EntryFilter = .everything,
  onFailure: FailureRule = .stop, plan: TreePlan? = nil, workers: TreeWorkers = .shared,
  controller: CopyController? = nil, listener: EntryListener? = nil
) throws(ReflinkError) -> TreeOutcome {
  try CopyRequest.runBlocking(
    controller,
    try request(
      source, destination, options, rule, filter, onFailure, plan, listener, workers: workers
    )
  ).account
}

/// Copies what is in an open directory into another, without blocking a thread of Swift's
/// cooperative pool.
///
/// - Parameters:
///   - source: An open directory, at least until this returns.
///   - destination: An open directory, at least until this returns.
///   - options: What is shared and what is preserved.
///   - rule: What becomes of names that are taken in it.
///   - filter: What is left out.
///   - onFailure: Whether one failed entry ends the copy.
///   - plan: What `planTree` counted, so that progress knows the whole.
///   - controller: Cancelled with the task, and tells how far the copy is.
///   - listener: Told of every entry.
/// - Returns: The account of the whole tree.
/// - Throws: `ReflinkError`, with the code `cancelled` when the task was cancelled.
public func copyTree(
  _ source: FileDescriptor, to destination: FileDescriptor, options: CopyOptions = CopyOptions(),
  ifExists rule: ExistingRule = .fail, filter: EntryFilter = .everything,
  onFailure: FailureRule = .stop, plan: TreePlan? = nil, controller: CopyController? = nil,
  listener: EntryListener? = nil
) async throws(ReflinkError) -> TreeOutcome {
  try await CopyRequest.runAsync(
    controller, Operand.OpenFile.path(of: source),
    try request(source, destination, options, rule, filter, onFailure, plan, listener)
  ).account
}

private func request(
  _ source: FilePath, _ destination: FilePath, _ options: CopyOptions, _ rule: ExistingRule,
  _ filter: EntryFilter, _ onFailure: FailureRule, _ plan: TreePlan?, _ listener: EntryListener?,
  workers: TreeWorkers = .shared
) throws(ReflinkError) -> CopyRequest {
  try options.check(source, destination)
  let pair = try OperandPair(
    OwnedName(source), OwnedName(destination),
    EntryCopier(options: options, decide: rule.decide(options), activity: nil))
  return CopyRequest(
    files: .named(pair.source, pair.destination), options: options, decide: rule.decide(options),
    filter: filter, onFailure: onFailure, plan: plan, listener: listener, workers: workers,
    isTree: true)
}

private func request(
  _ source: FileDescriptor, _ destination: FileDescriptor, _ options: CopyOptions,
  _ rule: ExistingRule, _ filter: EntryFilter, _ onFailure: FailureRule, _ plan: TreePlan?,
  _ listener: EntryListener?, workers: TreeWorkers = .shared
) throws(ReflinkError) -> CopyRequest {
  let paths = (Operand.OpenFile.path(of: source), Operand.OpenFile.path(of: destination))
  try options.check(paths.0, paths.1)
  /// The inside of an open directory.
  func inside(
    _ directory: FileDescriptor, _ side: ReflinkError.Side
  ) throws(ReflinkError) -> OwnedLocation {
    do throws(SystemError) {
      let descriptor = try Descriptor(duplicating: directory.rawValue)
      let path = DirectoryPath(OwnedName(Operand.OpenFile.path(of: directory)))
      return OwnedLocation(Directory(descriptor, path), .dot)
    } catch {
      throw error.during(.open(side), paths.0, paths.1)
    }
  }
  return CopyRequest(
    files: .named(try inside(source, .source), try inside(destination, .destination)),
    options: options, decide: rule.decideInOpenDirectory(options), filter: filter,
    onFailure: onFailure,
    plan: plan, listener: listener, workers: workers, isTree: true)
}

/// Whose threads copy the entries of a tree, while a caller waits for it.
public enum TreeWorkers: Sendable, Hashable {
  /// The caller's, helped by the threads that all copies share. Those have the user and the
  /// group for files that the process's main thread has: a caller whose thread has others
  /// (setfsuid(2), or setresuid(2) by system call), or one in a child of fork(2), gets no help.
  /// Other rights that Linux gives to single threads (capabilities(7), supplementary groups)
  /// are not looked at.
  case shared
  /// The caller's alone: everything is done with that thread's rights.
  case caller
}

extension ExistingRule {
  /// The same for a directory that the caller opened to be filled.
  fileprivate func decideInOpenDirectory(_ options: CopyOptions) -> EntryPolicy {
    let decide = decide(options)
    return { facts in
      guard facts.isOperand, case .exists(let existing) = facts.destination,
        facts.source.identity != existing.link.identity
      else { return decide(facts) }
      return .overwrite
    }
  }
}
