import Synchronization
import SystemPackage

/// One of the workers' hands in a tree: takes what is to do, and does it.
final class TreeRunner: Work {
  private let tree: TreeCopy
  private let state: Mutex<State>

  private struct State: Sendable {
    var next: TreeItem?
    /// A file that is not done, before all else.
    var file: FileWork?
    var outcome = TreeOutcome()
  }

  init(_ tree: TreeCopy, next: TreeItem? = nil) {
    self.tree = tree
    state = Mutex(State(next: next))
  }

  func take(_ turn: WorkerTurn) -> Turn {
    var turn = turn
    turn.isDivisible = true
    return state.withLock { run(&$0, turn) }
  }

  /// The whole tree on the caller's thread alone.
  func runAlone() {
    state.withLock { state in _ = run(&state, nil) }
  }

  private func run(_ state: inout State, _ turn: WorkerTurn?) -> Turn {
    while true {
      if let file = state.file, let turn {
        switch file.take(turn) {
        case .finished, .cancelled: state.file = nil
        case .spent: return .spent
        case .waiting(let wait): return .waiting(wait)
        }
      }
      guard let item = state.next ?? tree.pop() else { return .finished }
      state.next = nil
      let (copy, isLost) = item.node.open(for: item)
      if let copy, !tree.isStopped {
        state.next = process(item, copy, &state, turn)
      } else if copy != nil || isLost {
        release(item.node, &state)
      }
      if let turn, turn.isFinished, state.file == nil { return .spent }
    }
  }

  /// Returns what to go on with.
  private func process(
    _ item: TreeItem, _ copy: DirectoryCopy, _ state: inout State, _ turn: WorkerTurn?
  ) -> TreeItem? {
    switch item {
    case .directory(let node):
      let batch = NameBatch()
      do throws(SystemError) {
        guard try node.read(batch, of: copy) else {
          release(node, &state)
          return nil
        }
      } catch {
        tree.failed(error.during(.readDirectory, copy.source.path, copy.destination.path))
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
      let next = name.withName { name in
        copyEntry(name, .unknown, of: node, copy, &state, turn)
      }
      release(node, &state)
      return next
    }
  }

  private func process(
    _ batch: NameBatch, of node: DirectoryNode, _ copy: DirectoryCopy, readsOn: Bool,
    _ state: inout State, _ turn: WorkerTurn?
  ) -> TreeItem? {
    batch.use { names in
      while names.advance() {
        if tree.isStopped { break }
        let next = copyEntry(names.name, names.type, of: node, copy, &state, turn)
        if next == nil, state.file == nil, !(turn?.isFinished ?? false) { continue }
        guard names.hasMore else {
          if !readsOn {
            release(node, &state)
            return next
          }
          if next == nil { return .directory(node) }
          push(.directory(node), &state)
          return next
        }
        // Somebody else may take up the rest.
        let rest = TreeItem.batch(node, batch, readsOn: readsOn)
        if next == nil, state.file == nil { return rest }
        push(rest, &state)
        return next
      }
      if readsOn, !tree.isStopped { return .directory(node) }
      release(node, &state)
      return nil
    }
  }

  /// Copies one entry. Returns what is in it, where it is a directory.
  private func copyEntry(
    _ name: EntryName, _ hint: FileType, of node: DirectoryNode, _ copy: DirectoryCopy,
    _ state: inout State, _ turn: WorkerTurn?
  ) -> TreeItem? {
    let from = Location(copy.source, name)
    let to = Location(copy.destination, name)
    let entries = tree.entries
    if let sieve = tree.sieve, excludes(sieve, name, hint, of: node, copy) {
      done(.excluded, from, to, &state)
      return nil
    }
    do throws(ReflinkError) {
      let result = try entries.copy(
        from, hint: hint, isOperand: false, within: node.ancestry, to: to, turn)
      if let entry = result.entry { done(entry, from, to, &state) }
      switch consume result {
      case .planned(let status): state.outcome.add(planned: status)
      case .directory(let directory):
        done(.directory(isNew: directory.isNew), from, to, &state)
        return try tree.begin(
          directory, in: node, isLinked: entries.mayLeaveTree(hint))
      case .unfinished(let file, let wait):
        resume(with: file, wait, of: node, from, to, &state, turn)
      case .postponed(let identity):
        node.retain()
        let item = TreeItem.entry(node, OperandPath(name.path))
        let tree = tree
        entries.hardLinks?.whenSettled(identity) { tree.push(item) }
      default: break
      }
    } catch {
      tree.failed(error)
    }
    return nil
  }

  private func excludes(
    _ sieve: CompiledFilter, _ name: EntryName, _ hint: FileType, of node: DirectoryNode,
    _ copy: DirectoryCopy
  ) -> Bool {
    sieve.excludes(name) {
      let root = node.ancestry.root.source.components.count
      return FilePath(root: nil, copy.source.path.components.dropFirst(root))
    } isDirectory: {
      if hint != .unknown, hint != .symbolicLink { return hint == .directory }
      let follow = tree.entries.options.symbolicLinks == .follow
      let status = try? copy.source.descriptor.status(of: name, follow: follow)
      return status?.type == .directory
    }
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

  /// A file that is not done: by itself where that helps somebody, else as this
  /// runner's own next work.
  private func resume(
    with copy: KeptFileCopy, _ wait: Wait?, of node: DirectoryNode, _ from: Location,
    _ to: Location,
    _ state: inout State, _ turn: WorkerTurn?
  ) {
    let tree = tree
    let source = from.path
    let destination = to.path
    let isOwn = wait == nil && !(turn?.queue.hasIdleWorkers ?? false) || !tree.mayDetach()
    node.retain()
    let work = FileWork(tree.entries, copy, OwnedLocation(from), to: OwnedLocation(to)) { result in
      switch result {
      case .success(let outcome):
        var account = TreeOutcome()
        account.add(.file(outcome))
        tree.add(account)
        tree.tell(.file(outcome), source, destination)
      case .failure(let error): tree.failed(error)
      }
      if !isOwn { tree.detachedEnded() }
      tree.release(node)
    }
    guard !isOwn, let queue = turn?.queue else {
      state.file = work
      return
    }
    if let wait {
      queue.putBack(work, until: wait)
    } else {
      do throws(SystemError) { try queue.submit(work) } catch { state.file = work }
    }
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
