public import SystemPackage

extension Blocking {
  /// Whose threads copy the entries of a tree, while a caller waits for it.
  public enum Workers: Sendable, Hashable {
    /// The caller's, helped by the threads that all copies share. Those have the user and the
    /// group for files that the process's main thread has: a caller whose thread has others
    /// (setfsuid(2), or setresuid(2) by system call), or one in a child of fork(2), gets no help.
    /// Other rights that Linux gives to single threads (capabilities(7), supplementary groups)
    /// are not looked at.
    case shared
    /// The caller's alone: everything is done, and told, with that thread.
    case caller
  }

  /// Copies a file or a directory with all that is in it, as `copyTree`. The calling thread copies
  /// too, and never anything of another call.
  public static func copyTree(
    _ source: FilePath, to destination: FilePath, options: CopyOptions = CopyOptions(),
    ifExists rule: ExistingRule = .fail, filter: EntryFilter = .everything,
    onFailure: FailureRule = .stop, plan: TreePlan? = nil, basedOn basis: CopyBasis? = nil,
    workers: Workers = .shared, controller: CopyController? = nil,
    onEntry: (@Sendable (EntryOutcome, FilePath, FilePath) -> Void)? = nil
  ) throws(ReflinkError) -> TreeOutcome {
    let parts = TreeParts(
      filter: filter, onFailure: onFailure, plan: plan, listener: onEntry,
      workersHelp: workers == .shared)
    return try CopyRequest.runBlocking(
      controller, try .tree(source, destination, options, rule, parts, basis)
    ).account
  }

  /// Copies what is in an open directory into another, as `copyTree`.
  public static func copyTree(
    _ source: FileDescriptor, to destination: FileDescriptor, options: CopyOptions = CopyOptions(),
    ifExists rule: ExistingRule = .fail, filter: EntryFilter = .everything,
    onFailure: FailureRule = .stop, plan: TreePlan? = nil, workers: Workers = .shared,
    controller: CopyController? = nil,
    onEntry: (@Sendable (EntryOutcome, FilePath, FilePath) -> Void)? = nil
  ) throws(ReflinkError) -> TreeOutcome {
    let parts = TreeParts(
      filter: filter, onFailure: onFailure, plan: plan, listener: onEntry,
      workersHelp: workers == .shared)
    return try CopyRequest.runBlocking(
      controller, try .tree(source, destination, options, rule, parts)
    ).account
  }

  /// Counts what a copy of a tree would copy, as `planTree`.
  public static func planTree(
    _ source: FilePath, options: CopyOptions = CopyOptions(), filter: EntryFilter = .everything,
    onFailure: FailureRule = .stop, controller: CopyController? = nil
  ) throws(ReflinkError) -> TreePlan {
    TreePlan(
      try CopyRequest.runBlocking(
        controller, isCopy: false, try .counting(source, options, filter, onFailure)
      ).account)
  }

  /// Makes a snapshot of a file or a directory, as `snapshot`.
  public static func snapshot(
    _ source: FilePath, as name: FilePath, preserving: SnapshotPreservation = .everything,
    method: SnapshotMethod = .clones, controller: CopyController? = nil
  ) throws(ReflinkError) -> SnapshotOutcome {
    // One call to whoever watches, although it may take two steps.
    try underActivity(controller) { (_) throws(ReflinkError) in
      let pair = try OperandPair.snapshot(source, name, preserving)
      let isMade = try runBlocking(controller, pair) { pair, activity in
        FileSystemSnapshot(pair.source, pair.destination, preserving, method, activity)
      }
      if isMade { return .fileSystem }
      return .clones(
        try CopyRequest.runBlocking(controller, .snapshot(pair, preserving)).account)
    }
  }

  /// Makes a snapshot of an open file under a new name, as `snapshot`.
  public static func snapshot(
    _ source: FileDescriptor, as name: FilePath, preserving: SnapshotPreservation = .everything,
    controller: CopyController? = nil
  ) throws(ReflinkError) -> SnapshotOutcome {
    .clones(
      try CopyRequest.runBlocking(
        controller, try .snapshot(source, name, preserving)
      ).account)
  }

  /// Makes snapshots of several files as of one moment, while a lock is held, as `snapshot`: for
  /// locks that are held by a thread, as those of databases are.
  public static func snapshot(
    _ sources: [FilePath], as names: [FilePath], preserving: SnapshotPreservation = .everything,
    controller: CopyController? = nil, holding lock: (() -> Void) throws -> Void
  ) throws -> [CopyOutcome] {
    try underActivity(controller) { (activity) throws -> [CopyOutcome] in
      let group = try FileGroup(sources, names, preserving, activity)
      return try group.snapshotBlocking(lock)
    }
  }
}
