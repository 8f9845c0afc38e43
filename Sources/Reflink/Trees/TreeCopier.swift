import SystemPackage

/// Copies what a caller names, one operand after the other: an entry and, where it is
/// a directory, all that is in it, from open directory to open directory, never by a path that
/// somebody could lead elsewhere. Several operands share one memory of hard links.
package struct TreeCopier {
  private var entries: EntryCopier
  private let sieve: CompiledFilter?
  private let onFailure: FailureRule
  private let listener: EntryListener?
  private let workers: Workers
  /// Made for the first directory.
  private var queue: RunQueue?
  package private(set) var outcome = TreeOutcome()

  /// Who copies a directory's entries.
  package enum Workers: Sendable {
    /// The caller's thread alone, in the order in which a directory lists them.
    case caller
    /// The caller's thread and others that are started for it, so many in all; nil for
    /// as many as there are processors, at most 4.
    case own(Int?)
    /// The caller's thread and those that all copies share.
    case shared
  }

  init(
    _ entries: EntryCopier, filter: EntryFilter = .everything, onFailure: FailureRule,
    listener: EntryListener?, workers: Workers = .shared
  ) {
    sieve = CompiledFilter(filter)
    self.entries = entries
    self.entries.onExisting = listener
    self.onFailure = onFailure
    self.listener = listener
    self.workers = workers
  }

  package init(
    options: CopyOptions, decide: @escaping EntryPolicy, onFailure: FailureRule,
    controller: CopyController? = nil, listener: EntryListener? = nil,
    ask: (@Sendable (Question) -> Bool)? = nil, remembersMade: Bool = false,
    workers: Workers
  ) {
    self.init(
      EntryCopier(
        options: options, decide: decide, controller: controller, ask: ask,
        remembersMade: remembersMade),
      onFailure: onFailure, listener: listener, workers: workers)
  }

  /// Throws where there is no such source.
  package func examine(_ source: OperandPath) throws(ReflinkError) {
    do throws(SystemError) {
      _ = try source.withName { (name) throws(SystemError) in
        try Descriptor.currentDirectory.status(of: name, follow: false)
      }
    } catch {
      throw error.during(.examine(.source), source.display)
    }
  }

  /// Copies a directory without what is in it, to be finished by whoever asked.
  package mutating func enter(
    _ source: OperandPath, from sourceDirectory: Directory?, to destination: OperandPath,
    in directory: Directory?
  ) throws(ReflinkError) -> DirectoryCopy {
    try source.withName { (source) throws(ReflinkError) in
      try destination.withName { (destination) throws(ReflinkError) in
        let from = Location(sourceDirectory ?? .current, source)
        let to = Location(directory ?? .current, destination)
        let result = try entries.enter(from, to: to)
        if result.isNew { done(.parentDirectory, from, to) }
        return result
      }
    }
  }

  /// Copies `source` to the path `destination`, relative to `directory` where there is
  /// one. Several calls share one memory of hard links.
  package mutating func copy(
    _ source: OperandPath, from sourceDirectory: Directory? = nil, to destination: OperandPath,
    in directory: Directory?
  ) throws(ReflinkError) {
    try source.withName { (source) throws(ReflinkError) in
      try destination.withName { (destination) throws(ReflinkError) in
        try copy(
          Location(sourceDirectory ?? .current, source),
          to: Location(directory ?? .current, destination))
      }
    }
  }

  /// Copies what the caller named.
  mutating func copy(_ source: Location, to destination: Location) throws(ReflinkError) {
    do throws(ReflinkError) {
      let result = try entries.copy(source, isOperand: true, to: destination)
      if let entry = result.entry { return done(entry, source, destination) }
      switch consume result {
      case .postponed: done(.skipped, source, destination)
      case .planned(let status): outcome.add(planned: status)
      case .directory(let directory):
        done(.directory(isNew: directory.isNew), source, destination)
        try copyContents(of: directory)
      default: preconditionFailure("without a turn a file is copied to its end")
      }
    } catch {
      guard onFailure.absorbs(error, in: &outcome) else { throw error }
      onFailure.tell(error)
    }
  }

  private mutating func copyContents(of directory: DirectoryCopy) throws(ReflinkError) {
    let most: Int
    switch workers {
    case .caller: most = 1
    case .own(let count):
      most = count ?? defaultWorkers()
      if most > 1, queue == nil { queue = RunQueue(threads: most - 1) }
    case .shared:
      most = defaultWorkers()
      queue = .shared
    }
    let tree = TreeCopy(
      entries.within(directory), sieve, onFailure: onFailure, listener: listener, queue: queue,
      most: most)
    if let first = try tree.begin(directory, in: nil, isLinked: true) {
      let runner = TreeRunner(tree, next: first)
      if let queue {
        queue.work(first: runner) { tree.isEnded }
      } else {
        runner.runAlone()
      }
    }
    outcome.add(tree.outcome)
    guard var failure = tree.failure else { return }
    if let leftover = tree.leftover {
      do throws(ReflinkError) {
        var removal = try TreeRemoval(leftover)
        _ = try removal.resume(nil)
        failure.leftover = nil
      } catch {
        failure.leftover = error.code == .notFound ? nil : leftover.displayPath
      }
    }
    throw failure
  }

  private mutating func done(_ entry: EntryOutcome, _ source: Location, _ destination: Location) {
    outcome.add(entry)
    if let listener { listener(entry, source.path, destination.path) }
  }
}
