import CReflink
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
  /// Ends the tree's files when the tree stops.
  let activity: Activity
  private let queue: RunQueue?
  private let maxRunners: Int
  private let onFailure: FailureRule
  /// Whoever listens. Paths are put together only for them.
  private let listener: EntryListener?
  private let completion: @Sendable (TreeCopy) -> Void

  private struct State {
    var items: [TreeItem] = []
    /// Unfinished files that can go on.
    var files: [TreeItem] = []
    var takesFileNext = false
    /// Those, and those that wait; each holds two descriptors.
    var unfinishedFiles = 0
    /// Who takes items now, a caller that does not sleep among them.
    var runners = 1
    var callerSleeps = false
    var openDirectories = 0
    var outcome = TreeOutcome()
    var failure: ReflinkError?
    var root: Ancestry.Root?
    /// The tree's outermost directory, where it gets its name last.
    var unpublished: DirectoryCopy?
  }
  private let state = Mutex(State())
  private let ended = Atomic<Bool>(false)
  private let callerWakeUp = EventCount()
  private let begun = Instant.now

  /// - Parameters:
  ///   - maxRunners: At a time, a caller included.
  ///   - queue: Where they run; nil where the caller is alone.
  ///   - completion: Called at the end, on the thread of whoever came to it.
  init(
    _ entries: EntryCopier, _ filter: CompiledFilter?, onFailure: FailureRule,
    listener: EntryListener?, queue: RunQueue?, maxRunners: Int,
    completion: @escaping @Sendable (TreeCopy) -> Void = { _ in }
  ) {
    activity = entries.activity ?? Activity(nil)
    var entries = entries
    entries.activity = activity
    self.entries = entries
    self.filter = filter
    self.onFailure = onFailure
    self.listener = listener
    self.queue = queue
    self.maxRunners = queue == nil ? 1 : max(maxRunners, 1)
    self.completion = completion
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
    while !ended.load(ordering: .acquiring) {
      let seen = callerWakeUp.current
      if let item = popOrSleep() {
        runner.run(item)
      } else if !ended.load(ordering: .acquiring) {
        callerWakeUp.wait(past: seen)
      }
    }
    return try result()
  }

  /// Copies what is in a directory, on the threads of the queue; `completion` tells the end.
  func runAsync(_ directory: DirectoryCopy) throws(ReflinkError) {
    guard let first = try begin(directory, in: nil, isLinked: true) else { return }
    state.withLock { $0.runners = 0 }
    push(first)
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
      if let item = next(&state) { return item }
      state.runners -= 1
      state.callerSleeps = true
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
      return recruit(&state)
    }
    recruit(wants)
  }

  /// Takes a file that gave way; with a wait, it is back in line after that.
  func suspend(_ file: TreeItem, until wait: Wait?) {
    guard let wait else {
      let wants = state.withLock { state in
        state.unfinishedFiles += 1
        state.files.append(file)
        return recruit(&state)
      }
      return recruit(wants)
    }
    state.withLock { $0.unfinishedFiles += 1 }
    Watcher.shared.watch(wait, activity) { [self] in
      let wants = state.withLock { state in
        state.files.append(file)
        return recruit(&state)
      }
      recruit(wants)
    }
  }

  /// Takes an item up again after a wait; it holds nothing meanwhile.
  func retry(_ item: TreeItem, after wait: Wait) {
    Watcher.shared.watch(wait, activity) { [self] in push(item) }
  }

  private enum Recruit { case nobody, caller, worker }

  private func recruit(_ state: inout State) -> Recruit {
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
    return .worker
  }

  private func recruit(_ wants: Recruit) {
    switch wants {
    case .nobody: return
    case .caller: callerWakeUp.advance(waking: 1)
    case .worker:
      do throws(SystemError) {
        try queue?.submit(TreeRunner(self))
      } catch {
        // No thread for it: those that run go on alone.
        state.withLock { $0.runners -= 1 }
      }
    }
  }

  // MARK: - Directories

  /// Takes over a directory that was made. Nil where nothing in it is to be copied.
  func begin(_ copy: DirectoryCopy, in parent: DirectoryNode?, isLinked: Bool)
    throws(ReflinkError) -> TreeItem?
  {
    let root = if let parent { parent.ancestry.root } else { try root(of: copy) }
    parent?.retain()
    let node = DirectoryNode(copy, in: parent, isLinked: isLinked, root: root)
    let isShortOfDescriptors = state.withLock { state in
      state.openDirectories += 1
      return state.openDirectories > openDirectoryLimit
    }
    if isShortOfDescriptors { parkOne(above: node) }
    guard copy.isEntered else {
      release(node)
      return nil
    }
    return .directory(node)
  }

  private func root(of copy: DirectoryCopy) throws(ReflinkError) -> Ancestry.Root {
    do throws(SystemError) {
      let root = Ancestry.Root(
        source: copy.source.path.path, destination: copy.destination.path.path,
        identity: try copy.destination.descriptor.status().identity,
        device: copy.status.identity.device)
      state.withLock { state in
        state.root = root
        if copy.publication != nil { state.unpublished = copy }
      }
      return root
    } catch {
      var failure = error.during(
        .examine(.destination), copy.source.path.path, copy.destination.path.path)
      failure.leftover = copy.publication?.discard(copy.destination.descriptor)
      throw failure
    }
  }

  /// Closes the outermost directory that may be closed for a while.
  private func parkOne(above node: DirectoryNode) {
    var candidate: DirectoryNode?
    var next = node.parent
    while let ancestor = next, ancestor.copy != nil {
      candidate = ancestor
      next = ancestor.parent
    }
    // From the outermost inwards.
    while let directory = candidate {
      if directory.park() {
        state.withLock { $0.openDirectories -= 1 }
        return
      }
      candidate = node.nextDescendant(of: directory)
    }
  }

  /// Ends one use of a directory; the last one ends the directory, and so on outwards.
  func release(_ node: DirectoryNode) {
    var next: DirectoryNode? = node
    while let node = next, node.release() {
      let copy = node.copy
      if let copy, !isStopped {
        do throws(ReflinkError) {
          try copy.finish()
        } catch {
          failed(error)
        }
      }
      if let parent = node.parent {
        unpark(parent, from: copy)
        node.close()
        if copy != nil { state.withLock { $0.openDirectories -= 1 } }
      } else {
        node.close()
        publish()
      }
      next = node.parent
    }
  }

  /// Gives a tree its name, once it is complete; else takes it away again.
  private func publish() {
    let (unpublished, root) = state.withLock { ($0.unpublished, $0.root) }
    guard let copy = unpublished, let publication = copy.publication else { return end() }
    if !isStopped {
      do throws(ReflinkError) {
        try publication.publish(copy.destination.descriptor, root?.source ?? "")
        return end()
      } catch {
        stop(error)
      }
    }
    push(.removal(TreeRemoval(copy, publication)))
  }

  /// The tree that was not published is gone, or here it still is.
  func removed(leftover: FilePath?) {
    state.withLock { $0.failure?.leftover = leftover }
    end()
  }

  private func unpark(_ parent: DirectoryNode, from child: DirectoryCopy?) {
    let reopened = parent.unpark(from: child)
    if reopened.isOpened { state.withLock { $0.openDirectories += 1 } }
    if let lost = reopened.lost {
      failed(lost)
      for item in reopened.items { tellLost(item, in: lost) }
    }
    for item in reopened.items.reversed() { push(item) }
  }

  /// Tells each name that will not be copied, of those that were read already.
  private func tellLost(_ item: TreeItem, in directory: ReflinkError) {
    func tell(_ name: OwnedName) {
      var failure = directory
      failure.operation = .examine(.source)
      failure.source.append(name.path.components)
      failure.destination?.append(name.path.components)
      failed(failure)
    }
    switch item {
    case .entry(_, let name): tell(name)
    case .batch(_, let batch, _):
      let names = batch.use { names in
        var rest: [OwnedName] = []
        while names.advance() { rest.append(OwnedName(names.name)) }
        return rest
      }
      for name in names { tell(name) }
    case .directory, .file, .removal: break
    }
  }

  /// The tree is done.
  private func end() {
    state.withLock { state in
      state.unpublished = nil
      if state.failure?.code == .cancelled { state.failure?.bytesDone = state.outcome.total }
    }
    ended.store(true, ordering: .releasing)
    callerWakeUp.advance(waking: 1)
    completion(self)
  }

  // MARK: - What came of it

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

  private func stop(_ error: ReflinkError) {
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

/// How many directories are open on both sides at a time: a quarter of what the process
/// may open, since it is not ours alone, and 64 at most: each holds its path.
private let openDirectoryLimit = Int(
  min(max((creflink_descriptor_limit() - 24) / 4, 4), 64))
