import SystemPackage

/// What a verb about entries asks for: one entry or, where that is a directory, a tree.
struct CopyRequest: Sendable {
  /// What is copied where, opened at the call.
  enum Files: Sendable {
    case named(OwnedLocation, OwnedLocation)
    case openToName(Operand.OpenFile, OwnedLocation)
    case open(Operand.OpenFile, Operand.OpenFile)
  }

  let files: Files
  let options: CopyOptions
  let decide: EntryPolicy
  var parts = TreeParts()
  /// Earlier copies, opened at the call.
  var basis: EarlierCopies?
  /// Whether a caller that watches expects a tree.
  var isTree = false

  /// What became of it.
  enum Outcome: Sendable {
    case entry(EntryOutcome)
    case planned(FileStatus)
    case tree(TreeOutcome)

    /// As the account of a tree.
    var account: TreeOutcome {
      var account = TreeOutcome()
      switch self {
      case .entry(let entry): account.add(entry)
      case .planned(let status): account.add(planned: status)
      case .tree(let tree): account = tree
      }
      return account
    }

    /// As the account of one file; what is no file has no bytes.
    var file: CopyOutcome {
      if case .entry(.file(let outcome)) = self { outcome } else { CopyOutcome() }
    }
  }

  func entries(_ activity: Activity?) -> EntryCopier {
    let entries = EntryCopier(
      options: options, decide: decide, activity: activity, onExisting: parts.listener)
    guard let basis else { return entries }
    return EntryCopier(partOf: entries, isUnpublished: false, basedOn: basis, activity: activity)
  }

  var locations: (OwnedLocation, OwnedLocation) {
    switch files {
    case .named(let source, let destination): (source, destination)
    case .openToName(let source, let destination): (source.messageOnlyLocation, destination)
    case .open(let source, let destination):
      (source.messageOnlyLocation, destination.messageOnlyLocation)
    }
  }

  /// The entry itself, as far as the turn goes.
  func begin(
    _ entries: EntryCopier, _ turn: WorkerTurn?
  ) throws(ReflinkError) -> EntryCopier.Result {
    let (source, destination) = locations
    return try OwnedLocation.with(source, destination) { (from, to) throws(ReflinkError) in
      switch files {
      case .named: try entries.copy(from, isOperand: true, to: to, turn)
      case .openToName(let source, _): try entries.copy(source, from, to: to, turn)
      case .open(let source, let destination):
        try entries.copy(source, from, into: destination, to, turn)
      }
    }
  }

  func expect(_ controller: CopyController?) {
    guard let controller, options.product != .nothing, isTree else { return }
    guard let plan = parts.plan else { return controller.expectUnknown() }
    // One file tells its size itself.
    if plan.directories > 0 { controller.expect(bytes: plan.bytes, files: plan.files) }
  }
}

// MARK: - What follows from an entry

extension CopyRequest {
  /// What is to be done next.
  enum Next {
    case done(Outcome)
    case again(Wait)
    case file(SuspendedFile, Wait?)
    case tree(DirectoryCopy)
  }

  func next(_ result: consuming EntryCopier.Result) -> Next {
    if let entry = result.entry {
      tell(entry)
      return .done(.entry(entry))
    }
    switch consume result {
    case .planned(let status): return .done(.planned(status))
    case .blocked(let wait): return .again(wait)
    case .begunAgain: return .again(Wait(atMost: .zero))
    case .unfinished(let file, let wait): return .file(file, wait)
    case .directory(let directory):
      tell(.directory(isNew: directory.isNew))
      return .tree(directory)
    // A name that waits for another is met in trees alone.
    default: return .done(.entry(.skipped(EntryOutcome.Skipped())))
    }
  }

  /// The account of a failure that does not end the copy; throws any other.
  func absorbed(_ error: ReflinkError) throws(ReflinkError) -> Outcome {
    var account = TreeOutcome()
    guard parts.onFailure.absorbs(error, in: &account) else { throw error }
    parts.onFailure.tell(error)
    return .tree(account)
  }

  func tree(
    _ entries: EntryCopier, _ directory: DirectoryCopy, queue: RunQueue?,
    completion: @escaping @Sendable (Result<TreeOutcome, ReflinkError>) -> Void = { _ in }
  ) -> TreeCopy {
    TreeCopy(
      entries, in: directory, CompiledFilter(parts.filter), skipsTemporaries: true,
      onFailure: parts.onFailure,
      listener: parts.listener, queue: queue, maxRunners: defaultWorkers(), completion: completion)
  }

  /// The account of a tree with its outermost directory.
  static func outcome(_ account: TreeOutcome, _ isNew: Bool) -> Outcome {
    var account = account
    account.add(.directory(isNew: isNew))
    return .tree(account)
  }

  private func tell(_ entry: EntryOutcome) {
    guard let listener = parts.listener else { return }
    let (source, destination) = locations
    listener(entry, source.path, destination.path)
  }
}

// MARK: - Running

extension CopyRequest {
  /// Of a tree, the threads that all copies share help, where they may.
  func run(_ activity: Activity?) throws(ReflinkError) -> Outcome {
    let entries = entries(activity)
    do throws(ReflinkError) {
      var step = next(try begin(entries, nil))
      while case .again(let wait) = step {
        sleep(for: wait)
        step = next(try begin(entries, nil))
      }
      switch step {
      case .done(let outcome):
        try entries.unsynchronized?.finish()
        return outcome
      case .tree(let directory):
        let helps = parts.workersHelp && RunQueue.shared.mayWorkForCaller
        let tree = tree(entries, directory, queue: helps ? .of(options) : nil)
        // It refers to directories that were opened.
        defer { entries.hardLinks?.forgetAll() }
        let account = try tree.runBlocking(directory)
        try entries.unsynchronized?.finish()
        return Self.outcome(account, directory.isNew)
      case .again, .file: preconditionFailure("without a turn a file is copied to its end")
      }
    } catch {
      return try absorbed(error)
    }
  }

  /// In turns at the shared queue.
  static func runAsync(
    _ controller: CopyController?, isCopy: Bool = true, _ path: FilePath,
    _ request: @autoclosure () throws(ReflinkError) -> CopyRequest
  ) async throws(ReflinkError) -> Outcome {
    try await onSharedQueue(
      controller, isCopy: isCopy, path, try request(), on: { .of($0.options) }
    ) {
      request, activity, completion in
      request.expect(controller)
      return CopyWork(request, activity, completion)
    }
  }
}
