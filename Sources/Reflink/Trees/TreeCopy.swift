import CReflink
import Synchronization
import SystemPackage

/// One tree that is being copied: what is still to do, who does it, and what came of it.
///
/// What is to do lies on a stack, so that the tree is walked depth first and only what
/// lies beside the way is remembered. Every runner takes from it, a batch of names at a time.
final class TreeCopy: Sendable {
  let entries: EntryCopier
  let sieve: CompiledFilter?
  let queue: RunQueue?
  private let most: Int
  private let onFailure: FailureRule
  /// Whoever listens. Paths are put together only for them.
  private let listener: EntryListener?
  private let completion: @Sendable (TreeCopy) -> Void

  private struct State {
    var items: [TreeItem] = []
    var runners = 1
    var openDirectories = 0
    var files = 0
    var outcome = TreeOutcome()
    var failure: ReflinkError?
    var root: Ancestry.Root?
    var temporary: DirectoryCopy.TemporaryName?
    var leftover: TemporaryTree?
  }
  private let state = Mutex(State())
  private let stopped = Atomic<Bool>(false)
  private let ended = Atomic<Bool>(false)
  private let begun = Instant.now

  /// - Parameters:
  ///   - most: Runners at a time, the first included.
  ///   - queue: Where the others run; nil where the first is alone.
  init(
    _ entries: EntryCopier, _ sieve: CompiledFilter?, onFailure: FailureRule,
    listener: EntryListener?,
    queue: RunQueue?, most: Int, completion: @escaping @Sendable (TreeCopy) -> Void = { _ in }
  ) {
    self.entries = entries
    self.sieve = sieve
    self.onFailure = onFailure
    self.listener = listener
    self.queue = queue
    self.most = queue == nil ? 1 : most
    self.completion = completion
  }

  var isEnded: Bool { ended.load(ordering: .acquiring) }
  var outcome: TreeOutcome { state.withLock { $0.outcome } }
  /// What ended the copy before its end.
  var failure: ReflinkError? { state.withLock { $0.failure } }
  /// What is to be removed after such an end.
  var leftover: TemporaryTree? { state.withLock { $0.leftover } }

  // MARK: - What is to do

  /// The next item; nil ends the runner that asks.
  func pop() -> TreeItem? {
    state.withLock { state in
      if let item = state.items.popLast() { return item }
      state.runners -= 1
      return nil
    }
  }

  /// A thread costs more than a few small files: none is asked for before this.
  private static var patience: Duration { .milliseconds(1) }

  func push(_ item: TreeItem) {
    let wantsRunner = state.withLock { state in
      state.items.append(item)
      // Where all runners have ended, one must come back whatever it costs.
      guard state.runners == 0 || state.runners < most, state.runners == 0 || isWorthIt
      else { return false }
      state.runners += 1
      return true
    }
    guard wantsRunner, let queue else { return }
    do throws(SystemError) {
      try queue.submit(TreeRunner(self))
    } catch {
      // No thread for it: those that run go on alone.
      state.withLock { $0.runners -= 1 }
    }
  }

  private var isWorthIt: Bool { Instant.now - begun > Self.patience }

  // MARK: - Directories

  /// Takes over a directory that was made. Nil where nothing in it is to be copied.
  func begin(_ copy: DirectoryCopy, in parent: DirectoryNode?, isLinked: Bool) throws(ReflinkError)
    -> TreeItem?
  {
    let root = if let parent { parent.ancestry.root } else { try root(of: copy) }
    parent?.retain()
    let node = DirectoryNode(copy, in: parent, isLinked: isLinked, root: root)
    let isTight = state.withLock { state in
      state.openDirectories += 1
      return state.openDirectories > openDirectoryLimit
    }
    if isTight { parkOne(above: node) }
    guard copy.isEntered else {
      release(node)
      return nil
    }
    return .directory(node)
  }

  private func root(of copy: DirectoryCopy) throws(ReflinkError) -> Ancestry.Root {
    do throws(SystemError) {
      let root = Ancestry.Root(
        source: copy.source.path, destination: copy.destination.path,
        identity: try copy.destination.descriptor.status().identity,
        device: copy.status.identity.device)
      state.withLock { state in
        state.root = root
        state.temporary = copy.temporary
      }
      return root
    } catch {
      throw error.during(.examine(.destination), copy.source.path, copy.destination.path)
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
      candidate = node.way(from: directory)
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
      if node.parent == nil { publish(isComplete: copy != nil) }
      if let parent = node.parent { unpark(parent, from: copy) }
      node.close()
      if copy != nil { state.withLock { $0.openDirectories -= 1 } }
      if node.parent == nil { end() }
      next = node.parent
    }
  }

  /// Gives a tree its name, once it is complete.
  private func publish(isComplete: Bool) {
    let (temporary, root) = state.withLock { ($0.temporary, $0.root) }
    guard let temporary else { return }
    if isComplete, !isStopped {
      do throws(ReflinkError) {
        return try temporary.publish(root?.source ?? temporary.final)
      } catch {
        stop(error)
      }
    }
    // Lost on the way, which others may have taken for one failure among many.
    if !isStopped {
      stop(
        ReflinkError(
          code: .notFound, operation: .publish, source: root?.source ?? temporary.final,
          destination: temporary.final))
    }
    state.withLock {
      $0.leftover = TemporaryTree(directory: temporary.directory, path: temporary.path)
    }
  }

  private func unpark(_ parent: DirectoryNode, from child: DirectoryCopy?) {
    let (items, isOpened, lost) = parent.unpark(from: child)
    if isOpened { state.withLock { $0.openDirectories += 1 } }
    if let lost { failed(lost) }
    for item in items.reversed() { push(item) }
  }

  /// The tree is done.
  private func end() {
    state.withLock { state in
      if state.failure?.code == .cancelled { state.failure?.bytesDone = state.outcome.total }
    }
    ended.store(true, ordering: .releasing)
    queue?.wakeAll()
    completion(self)
  }

  // MARK: - What came of it

  /// Whether nothing new is to be begun: after a failure that ends the copy.
  var isStopped: Bool {
    if stopped.load(ordering: .relaxed) { return true }
    guard entries.controller?.isCancelled ?? false else { return false }
    let root = state.withLock { $0.root }
    stop(
      ReflinkError(
        code: .cancelled, operation: .prepare, source: root?.source ?? "",
        destination: root?.destination))
    return true
  }

  private func stop(_ error: ReflinkError) {
    state.withLock { if $0.failure == nil { $0.failure = error } }
    stopped.store(true, ordering: .relaxed)
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

  func tell(_ entry: EntryOutcome, _ source: FilePath, _ destination: FilePath) {
    if let listener { listener(entry, source, destination) }
  }

  /// Adds a runner's account to that of the tree.
  func add(_ outcome: TreeOutcome) {
    state.withLock { $0.outcome.add(outcome) }
  }

  // MARK: - Files that go on by themselves

  /// Whether one more file may; each holds two descriptors.
  func mayDetach() -> Bool {
    state.withLock { state in
      guard state.files < 2 * most else { return false }
      state.files += 1
      return true
    }
  }

  func detachedEnded() {
    state.withLock { $0.files -= 1 }
  }
}

/// How many directories are open on both sides at a time: a quarter of what the process
/// may open, since it is not ours alone, and 64 at most: each holds its path.
private let openDirectoryLimit = Int(
  min(max((creflink_descriptor_limit() - 24) / 4, 4), 64))
