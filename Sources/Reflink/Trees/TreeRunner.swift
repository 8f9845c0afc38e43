import Synchronization
import SystemPackage

/// One worker of a tree: takes items and processes them.
final class TreeRunner: Work {
  private let tree: TreeCopy
  private let state = Mutex(State())

  private struct State: Sendable {
    /// What to go on with, before another item is taken.
    var next: TreeItem?
    var outcome = TreeOutcome()
  }

  init(_ tree: TreeCopy) {
    self.tree = tree
  }

  /// A runner never waits: what waits in a tree leaves it.
  var activity: Activity? { nil }

  func ending() -> (@Sendable () -> Void)? {
    let tree = tree
    return { tree.runnerHasLeft()?() }
  }

  func abandon(_ error: SystemError) {
    tree.runnerIsMissing(error)
  }

  func take(_ turn: WorkerTurn) -> Turn {
    var turn = turn
    turn.alwaysYields = true
    return state.withLock { state in
      while let item = state.next ?? tree.pop() {
        state.next = process(item, &state, turn)
        if turn.isOver { return .spent }
        turn = turn.next
      }
      return .finished
    }
  }

  /// One item, and what follows from it, on the caller's thread.
  func run(_ item: TreeItem) {
    state.withLock { state in
      var turn = WorkerTurn(queue: nil, alwaysYields: true)
      var next: TreeItem? = item
      while let item = next {
        next = process(item, &state, turn)
        turn = turn.next
      }
      account(&state)
    }
  }

  /// The whole tree on the caller's thread alone.
  func runAlone(_ first: TreeItem) {
    state.withLock { state in
      state.next = first
      while let item = state.next ?? tree.pop() { state.next = process(item, &state, nil) }
    }
  }

  /// Returns what to go on with.
  private func process(
    _ item: TreeItem, _ state: inout State, _ turn: WorkerTurn?
  ) -> TreeItem? {
    if case .removal(let removal) = item { return remove(removal, turn) }
    guard let node = item.node else { return nil }
    if case .file(_, let file) = item {
      resume(file, of: node, &state, turn)
      return nil
    }
    switch node.open(for: item) {
    case .deferred: return nil
    case .lost:
      release(node, &state)
      return nil
    case .open(let copy):
      if tree.isStopped {
        release(node, &state)
        return nil
      }
      return process(item, copy, &state, turn)
    }
  }

  private func process(
    _ item: TreeItem, _ copy: DirectoryCopy, _ state: inout State, _ turn: WorkerTurn?
  ) -> TreeItem? {
    switch item {
    case .directory(let node):
      let batch = NameBatch()
      do throws(SystemError) {
        // Parked since it was asked for: again, from the line.
        guard let hasNames = try node.read(batch, inOrder: tree.entries.ask != nil) else {
          return item
        }
        guard hasNames else {
          release(node, &state)
          return nil
        }
      } catch {
        tree.failed(error.during(.readDirectory, copy.source.path.path, copy.destination.path.path))
        release(node, &state)
        return nil
      }
      let isFull = batch.use { $0.isFull }
      if isFull {
        node.retain()
        push(.directory(node), &state)
      }
      return process(batch, of: node, copy, readsOn: !isFull, &state, turn)
    case .batch(let node, let batch, let readsOn):
      return process(batch, of: node, copy, readsOn: readsOn, &state, turn)
    case .entry(let node, let name):
      let next = name.with { name in
        copyEntry(name, .unknown, of: node, copy, &state, turn).contents
      }
      release(node, &state)
      return next
    case .file, .removal: return nil
    }
  }

  private func process(
    _ batch: NameBatch, of node: DirectoryNode, _ copy: DirectoryCopy, readsOn: Bool,
    _ state: inout State, _ turn: WorkerTurn?
  ) -> TreeItem? {
    batch.use { names in
      while names.advance() {
        if tree.isStopped { break }
        let (next, isSuspended) = copyEntry(
          names.name, names.type, of: node, copy, &state, turn)
        if next == nil, !isSuspended, !(turn?.isOver ?? false) { continue }
        if !names.hasMore, !readsOn {
          release(node, &state)
          return next
        }
        let rest: TreeItem =
          names.hasMore ? .batch(node, batch, readsOn: readsOn) : .directory(node)
        if next == nil, !isSuspended { return rest }
        // For whoever takes it: after a subdirectory, or in turns with the unfinished file.
        push(rest, &state)
        return next
      }
      if readsOn, !tree.isStopped { return .directory(node) }
      release(node, &state)
      return nil
    }
  }

  /// Copies one entry. Returns what is in it, where it is a directory, and whether it is a
  /// file that is not finished.
  private func copyEntry(
    _ name: Name, _ hint: FileType, of node: DirectoryNode, _ copy: DirectoryCopy,
    _ state: inout State, _ turn: WorkerTurn?
  ) -> (contents: TreeItem?, isSuspended: Bool) {
    let from = Location(copy.source, name)
    let to = Location(copy.destination, name)
    let entries = tree.entries
    if tree.isIncomplete(name) {
      done(.excluded, from, to, &state)
      return (nil, false)
    }
    if let filter = tree.filter, excludes(filter, from, hint, of: node) {
      done(.excluded, from, to, &state)
      return (nil, false)
    }
    do throws(ReflinkError) {
      let result = try entries.copy(
        from, hint: hint, isOperand: false, within: node.ancestry, to: to, turn)
      if let entry = result.entry { done(entry, from, to, &state) }
      switch consume result {
      case .planned(let status):
        state.outcome.add(planned: status)
        if status.type == .regular { tree.onPlanned?(from.path) }
      case .directory(let directory):
        done(.directory(isNew: directory.isNew), from, to, &state)
        return (
          try tree.begin(directory, in: node, isLinked: entries.mayLeaveTree(hint)), false
        )
      case .unfinished(let file, let wait):
        node.retain()
        account(&state)
        tree.suspend(.file(node, file), until: wait)
        return (nil, wait == nil)
      case .blocked(let wait):
        node.retain()
        tree.retry(.entry(node, OwnedName(name)), after: wait)
      case .postponed(let identity):
        node.retain()
        let item = TreeItem.entry(node, OwnedName(name))
        let tree = tree
        entries.hardLinks?.whenSettled(identity) { tree.push(item) }
      default: break
      }
    } catch {
      tree.failed(error)
    }
    return (nil, false)
  }

  /// Goes on with an unfinished file.
  private func resume(
    _ file: SuspendedFile, of node: DirectoryNode, _ state: inout State, _ turn: WorkerTurn?
  ) {
    do throws(ReflinkError) {
      let result = try tree.entries.resume(file, turn)
      if let entry = result.entry {
        OwnedLocation.with(file.source, file.destination) { done(entry, $0, $1, &state) }
      }
      switch consume result {
      case .unfinished(let file, let wait):
        account(&state)
        return tree.suspend(.file(node, file), until: wait)
      case .begunAgain:
        account(&state)
        return tree.push(.entry(node, file.source.name))
      default: break
      }
    } catch {
      tree.failed(error)
    }
    release(node, &state)
  }

  private func remove(_ removal: TreeRemoval, _ turn: WorkerTurn?) -> TreeItem? {
    guard removal.resume(turn) else { return .removal(removal) }
    tree.removed(leftover: removal.leftover)
    return nil
  }

  private func excludes(
    _ filter: CompiledFilter, _ source: Location, _ hint: FileType, of node: DirectoryNode
  ) -> Bool {
    filter.excludes(
      OwnedName(source.name),
      path: {
        let root = node.ancestry.root.source.components.count
        return OwnedName(FilePath(root: nil, source.path.components.dropFirst(root)))
      },
      isDirectory: {
        if hint != .unknown, hint != .symbolicLink { return hint == .directory }
        let follow = tree.entries.options.symbolicLinks == .follow
        return (try? source.status(follow: follow))?.type == .directory
      })
  }

  /// Ends a use of a directory.
  private func release(_ node: DirectoryNode, _ state: inout State) {
    account(&state)
    tree.release(node)
  }

  /// Leaves something to whoever takes it.
  private func push(_ item: TreeItem, _ state: inout State) {
    account(&state)
    tree.push(item)
  }

  /// To be called before a use of a directory ends here: once all have ended, the tree
  /// has, and its account is final.
  private func account(_ state: inout State) {
    tree.add(state.outcome)
    state.outcome = TreeOutcome()
  }

  private func done(
    _ entry: EntryOutcome, _ source: Location, _ destination: Location, _ state: inout State
  ) {
    state.outcome.add(entry)
    tree.done(entry, source, destination)
  }
}

extension EntryCopier {
  /// Whether a directory of this recorded type may have been reached through a link, on
  /// one of the two sides.
  fileprivate func mayLeaveTree(_ type: FileType) -> Bool {
    options.entersLinkedDirectories || (options.symbolicLinks == .follow && type != .directory)
  }
}
