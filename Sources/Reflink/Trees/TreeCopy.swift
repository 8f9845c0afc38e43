import Synchronization
import SystemPackage

/// One tree that is being copied: what is still to do, who does it, and what came of it.
///
/// Pending items are on a stack: depth first, so that memory grows with the tree's depth, not
/// with its size. Every runner takes from it, a batch of names at a time. Unfinished large
/// files are in a line of their own, and take turns with what is on the stack. A caller
/// that blocks is one of the runners; it works for this tree only, and sleeps where there
/// is nothing to do.
final class TreeCopy: Sendable {
  let entries: EntryCopier
  let filter: CompiledFilter?
  /// Whether what has a temporary name of ours is left out: it is not complete.
  private let skipsTemporaries: Bool
  private let ownName: OwnedName?
  /// Ends the tree's files when the tree stops.
  let activity: Activity
  private let queue: RunQueue?
  private let maxRunners: Int
  private let onFailure: FailureRule
  /// Whoever listens. Paths are put together only for them.
  private let listener: EntryListener?
  /// Told of each regular file that is only looked at.
  let onPlanned: (@Sendable (FilePath) -> Void)?
  private let completion: @Sendable (Result<TreeOutcome, ReflinkError>) -> Void

  struct State {
    var items: [TreeItem] = []
    /// Unfinished files that can go on.
    var files: [TreeItem] = []
    var takesFileNext = false
    /// Those, and those that wait; each holds two descriptors.
    var unfinishedFiles = 0
    /// Who takes items now, a caller that does not sleep among them.
    var runners = 1
    var callerSleeps = false
    /// What the queue runs of this tree, until it has let go of all that it held.
    var present = 0
    var isEnded = false
    var openDirectories = 0
    var outcome = TreeOutcome()
    var failure: ReflinkError?
    var root: Ancestry.Root?
    /// The tree's outermost directory, where it gets its name last.
    var unpublished: DirectoryCopy?
  }
  let state = Mutex(State())
  private let callerWakeUp = EventCount()
  private let begun = Instant.now

  /// - Parameters:
  ///   - maxRunners: At a time, a caller included.
  ///   - queue: Where they run; nil where the caller is alone.
  ///   - completion: Called at the end, once all runners have left.
  init(
    _ entries: EntryCopier, in directory: DirectoryCopy, _ filter: CompiledFilter?,
    skipsTemporaries: Bool = false, onFailure: FailureRule, listener: EntryListener?,
    onPlanned: (@Sendable (FilePath) -> Void)? = nil, queue: RunQueue?, maxRunners: Int,
    completion: @escaping @Sendable (Result<TreeOutcome, ReflinkError>) -> Void = { _ in }
  ) {
    // Ending one tree of several does not end those after it.
    let activity =
      entries.activity.flatMap { $0.interruption == nil ? $0 : nil }
      ?? Activity(entries.activity?.controller, interruption: entries.activity?.interruption)
    self.activity = activity
    self.entries = entries.within(directory, activity)
    self.filter = filter
    // Its own one is met where a tree is copied into itself, which is refused.
    ownName = directory.publication == nil ? nil : directory.destination.path.currentName
    self.skipsTemporaries = skipsTemporaries
    self.onFailure = onFailure
    self.listener = listener
    self.onPlanned = onPlanned
    self.queue = queue
    self.maxRunners = queue == nil ? 1 : max(maxRunners, 1)
    self.completion = completion
  }

  /// Whether an entry is something that is not complete, and left out for it.
  func isIncomplete(_ name: Name) -> Bool {
    guard skipsTemporaries, name.mayBeTemporary else { return false }
    let name = OwnedName(name)
    return name.isTemporary && name != ownName
  }

  /// The account, once the tree has ended; throws what ended it early.
  func result() throws(ReflinkError) -> TreeOutcome {
    let (outcome, failure) = state.withLock { ($0.outcome, $0.failure) }
    if let failure { throw failure }
    return outcome
  }

  // MARK: - Who does it

  /// Copies what is in a directory, to the end, on the caller's thread and those of the queue.
  func runBlocking(_ directory: DirectoryCopy) throws(ReflinkError) -> TreeOutcome {
    guard let first = try begin(directory, in: nil, isLinked: true) else { return try result() }
    let runner = TreeRunner(self)
    guard queue != nil else {
      runner.runAlone(first)
      return try result()
    }
    push(first)
    while true {
      let seen = callerWakeUp.current
      if let item = popOrSleep() {
        runner.run(item)
      } else if state.withLock({ $0.isEnded && $0.present == 0 }) {
        return try result()
      } else {
        // What a signal handler sets wakes nobody: whatever waits sees it after this time at most.
        if activity.isInterrupted { activity.cancel() }
        callerWakeUp.wait(past: seen, atMost: activity.interruption == nil ? -1 : 20)
      }
    }
  }

  /// Copies what is in a directory, on the threads of the queue. Whoever calls counts as a
  /// runner, and calls `runnerHasLeft` once it has let go of the directory.
  func runAsync(_ directory: DirectoryCopy) throws(ReflinkError) {
    state.withLock { state in
      state.runners = 0
      state.present = 1
    }
    if let first = try begin(directory, in: nil, isLinked: true) { push(first) }
  }

  /// The next item; nil ends the runner that asks.
  func pop() -> TreeItem? {
    state.withLock { state in
      if let item = next(&state) { return item }
      state.runners -= 1
      return nil
    }
  }

  /// The same for the caller, which is woken when there is something.
  private func popOrSleep() -> TreeItem? {
    state.withLock { state in
      if let item = next(&state) {
        // Woken by a signal, not by whoever added it.
        if state.callerSleeps {
          state.callerSleeps = false
          state.runners += 1
        }
        return item
      }
      if !state.callerSleeps {
        state.callerSleeps = true
        state.runners -= 1
      }
      return nil
    }
  }

  private func next(_ state: inout State) -> TreeItem? {
    let mayOpenFiles = state.unfinishedFiles < 2 * maxRunners
    if !state.files.isEmpty, state.takesFileNext || !mayOpenFiles || state.items.isEmpty {
      state.takesFileNext = false
      state.unfinishedFiles -= 1
      return state.files.removeFirst()
    }
    state.takesFileNext = true
    return mayOpenFiles ? state.items.popLast() : nil
  }

  /// A thread costs more than a few small files: none is asked for before this.
  private static var threadWorthwhile: Duration { .milliseconds(1) }

  func push(_ item: TreeItem) {
    let wants = state.withLock { state in
      state.items.append(item)
      return wanted(&state)
    }
    recruit(wants)
  }

  /// Takes a file that gave way; with a wait, it is back in line after that.
  func suspend(_ file: TreeItem, until wait: Wait?) {
    guard let wait else {
      let wants = state.withLock { state in
        state.unfinishedFiles += 1
        state.files.append(file)
        return wanted(&state)
      }
      return recruit(wants)
    }
    state.withLock { $0.unfinishedFiles += 1 }
    Watcher.shared.watch(wait, activity) { [self] in
      let wants = state.withLock { state in
        state.files.append(file)
        return wanted(&state)
      }
      recruit(wants)
    }
  }

  /// Takes an item up again after a wait; it holds nothing meanwhile.
  func retry(_ item: TreeItem, after wait: Wait) {
    Watcher.shared.watch(wait, activity) { [self] in push(item) }
  }

  private enum Recruit { case nobody, caller, worker }

  /// Who is to come for what was added.
  private func wanted(_ state: inout State) -> Recruit {
    if state.callerSleeps {
      state.callerSleeps = false
      state.runners += 1
      return .caller
    }
    // Where all runners have ended, one must come back whatever it costs.
    guard queue != nil, state.runners < maxRunners,
      state.runners == 0 || Instant.now - begun > Self.threadWorthwhile
    else { return .nobody }
    state.runners += 1
    state.present += 1
    return .worker
  }

  private func recruit(_ wants: Recruit) {
    switch wants {
    case .nobody: return
    case .caller: callerWakeUp.advance(waking: 1)
    case .worker: queue?.submit(TreeRunner(self))
    }
  }

  /// There is no thread for a runner: those that run go on alone; where there is none, the
  /// tree cannot go on.
  func runnerIsMissing(_ error: SystemError) {
    let (isLast, root) = state.withLock { state in
      state.runners -= 1
      state.present -= 1
      return (state.runners == 0 && !state.callerSleeps && !state.isEnded, state.root)
    }
    guard isLast else { return callerWakeUp.advance(waking: 1) }
    completion(.failure(error.during(.prepare, root?.source ?? "", root?.destination)))
  }

  /// A runner has ended, and nothing of it is open any more. Returns what tells the tree's end,
  /// where it was the last.
  func runnerHasLeft() -> (@Sendable () -> Void)? {
    let (isOver, outcome, failure) = state.withLock { state in
      state.present -= 1
      return (state.isEnded && state.present == 0, state.outcome, state.failure)
    }
    guard isOver else { return nil }
    callerWakeUp.advance(waking: 1)
    let completion = completion
    return { completion(failure.map { .failure($0) } ?? .success(outcome)) }
  }

  // MARK: - What came of it

  /// The tree is done.
  func end() {
    state.withLock { state in
      state.unpublished = nil
      if state.failure?.code == .cancelled { state.failure?.bytesDone = state.outcome.total }
      state.isEnded = true
    }
    callerWakeUp.advance(waking: 1)
  }

  /// Whether nothing new is to be begun: after a failure that ends the copy.
  var isStopped: Bool {
    guard activity.isCancelled else { return false }
    state.withLock { state in
      guard state.failure == nil else { return }
      state.failure = ReflinkError(
        code: .cancelled, operation: .prepare, source: state.root?.source ?? "",
        destination: state.root?.destination)
    }
    return true
  }

  func stop(_ error: ReflinkError) {
    state.withLock { if $0.failure == nil { $0.failure = error } }
    // Files that are under way end after their current step.
    activity.cancel()
  }

  /// Tells a failure, and stops where one is enough.
  func failed(_ error: ReflinkError) {
    // How far the whole tree got, not one of its files.
    if error.code == .cancelled, isStopped {
      return state.withLock { state in
        if state.failure?.leftover == nil { state.failure?.leftover = error.leftover }
      }
    }
    guard state.withLock({ onFailure.absorbs(error, in: &$0.outcome) }) else {
      return stop(error)
    }
    onFailure.tell(error)
  }

  func done(_ entry: EntryOutcome, _ source: Location, _ destination: Location) {
    if let listener { listener(entry, source.path, destination.path) }
  }

  /// Adds a runner's account to that of the tree.
  func add(_ outcome: TreeOutcome) {
    state.withLock { $0.outcome.add(outcome) }
  }
}
