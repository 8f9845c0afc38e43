import SystemPackage

/// Copies what a caller names, one operand after the other: an entry and, where it is
/// a directory, all that is in it, from open directory to open directory. Several operands
/// share one memory of hard links.
package struct TreeCopier {
  private let entries: EntryCopier
  private let onFailure: FailureRule
  private let listener: EntryListener?
  private let filter: CompiledFilter?
  private let workers: Workers
  /// Made for the first directory.
  private var queue: RunQueue?
  /// The directory whose leftovers were removed last.
  private var swept: Directory?
  package private(set) var outcome = TreeOutcome()
  /// Told of each regular file that is only looked at.
  var onPlanned: (@Sendable (FilePath) -> Void)?

  /// Who copies a directory's entries.
  package enum Workers: Sendable {
    /// The caller's thread alone, in the order in which a directory lists them.
    case caller
    /// The caller's thread and others that are started for it, so many in all; nil for
    /// as many as there are processors, at most 4.
    case own(Int?)
    /// The caller's thread and those that all copies share; alone where the calling thread's
    /// rights to files are not the process's.
    case shared
  }

  /// Tells of all entries whoever is told of existing ones.
  init(
    _ entries: EntryCopier, filter: EntryFilter = .everything, onFailure: FailureRule,
    workers: Workers
  ) {
    self.entries = entries
    listener = entries.onExisting
    self.onFailure = onFailure
    self.workers = workers
    self.filter = CompiledFilter(filter)
  }

  /// What is made of operands.
  package struct Rules {
    var options: CopyOptions
    var decide: EntryPolicy
    var onFailure: FailureRule

    /// By a policy; failures are told, and the copy goes on.
    package static func copies(
      _ options: CopyOptions, _ decide: @escaping EntryPolicy,
      _ report: @escaping @Sendable (ReflinkError) -> Void
    ) -> Rules {
      Rules(options: options, decide: decide, onFailure: .continue(report: report))
    }

    /// As `snapshot` makes them: each complete, or not there. Of the options only what is said of
    /// durability counts, and whether nothing at all is preserved.
    package static func snapshots(_ options: CopyOptions) -> Rules {
      let drops = options.usesDefaultMode && options.preserving == .nothing
      var snapshots = CopyOptions.snapshot(drops ? .nothing : .everything)
      snapshots.durability = options.durability
      snapshots.sweepsLeftovers = options.sweepsLeftovers
      return Rules(options: snapshots, decide: decideOnSnapshot, onFailure: .stop)
    }
  }

  package init(
    _ rules: Rules, listener: EntryListener? = nil, ask: (@Sendable (Question) -> Bool)? = nil,
    remembersCreated: Bool = false, filter: EntryFilter = .everything,
    controller: CopyController? = nil, interruption: Interruption? = nil, workers: Workers
  ) {
    self.init(
      EntryCopier(
        options: rules.options, decide: rules.decide,
        activity: interruption.map { Activity(controller, interruption: $0) },
        onExisting: listener, ask: ask, remembersCreated: remembersCreated),
      filter: filter, onFailure: rules.onFailure, workers: workers)
  }

  /// Throws where there is no such source.
  package func examine(_ source: OwnedName) throws(ReflinkError) {
    let location = try locate(source)
    do throws(SystemError) {
      _ = try location.with { (source) throws(SystemError) in try source.status() }
    } catch {
      throw error.during(.examine(.source), source.path)
    }
  }

  /// Throws where a directory on the way to a source is not there, or none; `path` is its own.
  package func examine(wayTo path: OwnedName) throws(ReflinkError) {
    let location = try locate(path)
    do throws(SystemError) {
      let status = try location.with { (way) throws(SystemError) in
        try way.status(follow: true)
      }
      if status.type != .directory { throw SystemError(call: .statx, errno: .notDirectory) }
    } catch {
      throw error.during(.examine(.source), path.path)
    }
  }

  /// Copies a directory without what is in it, to be finished by whoever asked.
  package mutating func enter(
    _ source: OwnedLocation, to destination: OwnedLocation
  ) throws(ReflinkError) -> DirectoryCopy {
    try OwnedLocation.with(source, destination) { (from, to) throws(ReflinkError) in
      try entries.unsynchronized?.finishIfMany()
      let result = try entries.enter(from, to: to)
      if result.isNew {
        entries.unsynchronized?.named(in: to.directory)
        done(.parentDirectory, from, to)
      }
      return result
    }
  }

  /// Where a source is that the caller named.
  package func locate(_ source: OwnedName) throws(ReflinkError) -> OwnedLocation {
    do throws(SystemError) {
      return try OwnedLocation(resolving: source)
    } catch {
      throw error.during(.examine(.source), source.path)
    }
  }

  /// Copies what the caller named, by paths; the destination's is relative to `directory`
  /// where there is one. Returns whether it was: what is in a directory may have failed. Several calls
  /// share one memory of hard links.
  @discardableResult
  package mutating func copy(
    _ source: OwnedName, to destination: OwnedName, in directory: Directory?,
    basedOn basis: CopyBasis? = nil
  ) throws(ReflinkError) -> Bool {
    do throws(ReflinkError) {
      if let directory {
        return try copyLocated(
          try locate(source), to: OwnedLocation(directory, destination), basedOn: basis)
      }
      do throws(ReflinkError) {
        let pair = try OperandPair(source, destination, entries)
        return try copyLocated(pair.source, to: pair.destination, basedOn: basis)
      } catch {
        guard error.errno == .tooManyOpenFiles, basis == nil, !isDirectory(source) else {
          throw error
        }
      }
      // Without the two directories, which are closed by now: as cp, which has the files open alone.
      return try copyLocated(
        OwnedLocation(fromWorkingDirectory: source),
        to: OwnedLocation(fromWorkingDirectory: destination))
    } catch {
      return try absorb(error)
    }
  }

  /// Copies what the caller named, in directories that are open.
  @discardableResult
  package mutating func copy(
    _ source: OwnedLocation, to destination: OwnedLocation, basedOn basis: CopyBasis? = nil
  ) throws(ReflinkError) -> Bool {
    do throws(ReflinkError) {
      return try copyLocated(source, to: destination, basedOn: basis)
    } catch {
      return try absorb(error)
    }
  }

  /// What is in one is found by its open descriptor.
  private func isDirectory(_ source: OwnedName) -> Bool {
    let status = try? OwnedLocation(fromWorkingDirectory: source).with {
      (source) throws(SystemError) in
      try source.status(follow: entries.options.symbolicLinks.follows(isOperand: true))
    }
    return status?.type == .directory
  }

  private mutating func absorb(_ error: ReflinkError) throws(ReflinkError) -> Bool {
    guard onFailure.absorbs(error, in: &outcome) else { throw error }
    onFailure.tell(error)
    return error.operation == .readDirectory
  }

  private mutating func copyLocated(
    _ source: OwnedLocation, to destination: OwnedLocation, basedOn basis: CopyBasis? = nil
  ) throws(ReflinkError) -> Bool {
    var entries = entries
    if let basis { entries = try entries.basedOn(basis, source, destination) }
    if entries.options.sweepsLeftovers, swept !== destination.directory {
      LeftoverSweep.removeLeftovers(in: destination.directory)
      swept = destination.directory
    }
    return try OwnedLocation.with(source, destination) {
      [entries] (from, to) throws(ReflinkError) -> Bool in
      try entries.unsynchronized?.finishIfMany()
      let result = try entries.copy(from, isOperand: true, to: to)
      switch result {
      case .file(let outcome): done(.file(outcome), from, to)
      case .postponed: done(.skipped(EntryOutcome.Skipped()), from, to)
      case .planned(let status):
        outcome.add(planned: status)
        if status.type == .regular { onPlanned?(from.path) }
      case .directory(let directory):
        done(.directory(isNew: directory.isNew), from, to)
        try copyContents(of: directory, by: entries)
      case .skipped, .unchanged, .keptDifferent, .left:
        if let entry = result.entry { done(entry, from, to) }
      case .hardLink, .alreadyLinked: done(.hardLink, from, to)
      case .symbolicLink: done(.symbolicLink, from, to)
      case .special: done(.special, from, to)
      case .unfinished, .blocked, .begunAgain:
        preconditionFailure("without a turn a file is copied to its end")
      }
      return true
    }
  }

  /// To be called once all is copied: what was to be durable is now.
  package func finish() throws(ReflinkError) {
    try entries.unsynchronized?.finish()
  }

  private mutating func copyContents(
    of directory: DirectoryCopy, by entries: EntryCopier
  ) throws(ReflinkError) {
    var maxRunners = defaultWorkers()
    switch workers {
    case .caller: queue = nil
    case .own(let count):
      maxRunners = min(count ?? maxRunners, workersForDescriptors())
      if maxRunners > 1, queue == nil { queue = RunQueue(threads: maxRunners - 1) }
    case .shared: queue = RunQueue.shared.mayWorkForCaller ? .shared : nil
    }
    let tree = TreeCopy(
      entries, in: directory, filter, onFailure: onFailure, listener: listener,
      onPlanned: onPlanned, queue: queue, maxRunners: maxRunners)
    outcome.add(try tree.runBlocking(directory))
  }

  private mutating func done(
    _ entry: EntryOutcome, _ source: Location, _ destination: Location
  ) {
    outcome.add(entry)
    if let listener { listener(entry, source.path, destination.path) }
  }
}

extension EntryCopier {
  /// For what is in a directory: where that gets its name only when all of it is complete,
  /// nothing in it needs to be made aside.
  func within(_ directory: DirectoryCopy, _ activity: Activity) -> EntryCopier {
    EntryCopier(
      partOf: self, isUnpublished: directory.publication != nil, basedOn: basis,
      activity: activity)
  }

  /// For one operand that builds on earlier copies.
  func basedOn(
    _ basis: CopyBasis, _ source: OwnedLocation, _ destination: OwnedLocation
  ) throws(ReflinkError) -> EntryCopier {
    EntryCopier(
      partOf: self, isUnpublished: false,
      basedOn: try EarlierCopies(basis, of: source, to: destination), activity: activity)
  }
}
