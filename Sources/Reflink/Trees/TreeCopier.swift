import SystemPackage

/// Copies what a caller names, one operand after the other: an entry and, where it is
/// a folder, all that is in it, from open folder to open folder, never by a path that
/// somebody could lead elsewhere. Several operands share one memory of hard links.
package struct TreeCopier {
  private var entries: EntryCopier
  private let sieve: Sieve?
  private let onFailure: FailureRule
  private let listener: EntryListener?
  private let workers: Workers
  /// Made for the first folder.
  private var queue: RunQueue?
  package private(set) var outcome = TreeOutcome()

  /// Who copies a folder's entries.
  package enum Workers: Sendable {
    /// The caller's thread alone, in the order in which a folder lists them.
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
    sieve = Sieve(filter)
    self.entries = entries
    self.entries.onExisting = listener
    self.onFailure = onFailure
    self.listener = listener
    self.workers = workers
  }

  package init(
    options: CopyOptions, decide: @escaping Decide, onFailure: FailureRule,
    control: Control? = nil, listener: EntryListener? = nil,
    ask: (@Sendable (Question) -> Bool)? = nil, remembersMade: Bool = false,
    workers: Workers
  ) {
    self.init(
      EntryCopier(
        options: options, decide: decide, control: control, ask: ask,
        remembersMade: remembersMade),
      onFailure: onFailure, listener: listener, workers: workers)
  }

  /// Throws where there is no such source.
  package func examine(_ source: OperandPath) throws(ReflinkError) {
    do throws(SystemError) {
      _ = try source.withName { (name) throws(SystemError) in
        try Descriptor.currentFolder.status(of: name, follow: false)
      }
    } catch {
      throw error.during(.examine(.source), source.display)
    }
  }

  /// Copies a folder without what is in it, to be finished by whoever asked.
  package mutating func enter(
    _ source: OperandPath, from sourceFolder: Folder?, to destination: OperandPath,
    in folder: Folder?
  ) throws(ReflinkError) -> FolderCopy {
    try source.withName { (source) throws(ReflinkError) in
      try destination.withName { (destination) throws(ReflinkError) in
        let from = Place(sourceFolder ?? .current, source)
        let to = Place(folder ?? .current, destination)
        let result = try entries.enter(from, to: to)
        if result.isNew { done(.parentFolder, from, to) }
        return result
      }
    }
  }

  /// Copies `source` to the path `destination`, relative to `folder` where there is
  /// one. Several calls share one memory of hard links.
  package mutating func copy(
    _ source: OperandPath, from sourceFolder: Folder? = nil, to destination: OperandPath,
    in folder: Folder?
  ) throws(ReflinkError) {
    try source.withName { (source) throws(ReflinkError) in
      try destination.withName { (destination) throws(ReflinkError) in
        try copy(
          Place(sourceFolder ?? .current, source), to: Place(folder ?? .current, destination))
      }
    }
  }

  /// Copies what the caller named.
  mutating func copy(_ source: Place, to destination: Place) throws(ReflinkError) {
    do throws(ReflinkError) {
      let result = try entries.copy(source, isOperand: true, to: destination)
      if let entry = result.entry { return done(entry, source, destination) }
      switch consume result {
      case .postponed: done(.skipped, source, destination)
      case .planned(let status): outcome.add(planned: status)
      case .folder(let folder):
        done(.folder(isNew: folder.isNew), source, destination)
        try copyContents(of: folder)
      default: preconditionFailure("without a turn a file is copied to its end")
      }
    } catch {
      guard onFailure.absorbs(error, in: &outcome) else { throw error }
      onFailure.tell(error)
    }
  }

  private mutating func copyContents(of folder: FolderCopy) throws(ReflinkError) {
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
      entries.within(folder), sieve, onFailure: onFailure, listener: listener, queue: queue,
      most: most)
    if let first = try tree.begin(folder, in: nil, isLinked: true) {
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
        _ = try removal.goOn(nil)
        failure.leftBehind = nil
      } catch {
        failure.leftBehind = error.code == .notFound ? nil : leftover.displayPath
      }
    }
    throw failure
  }

  private mutating func done(_ entry: EntryOutcome, _ source: Place, _ destination: Place) {
    outcome.add(entry)
    if let listener { listener(entry, source.path, destination.path) }
  }
}
