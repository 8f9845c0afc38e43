import Synchronization
import SystemPackage

/// A directory of a tree that is being copied, from its opening until all that is in it
/// is done and its own attributes are set.
///
/// Where descriptors are short, a directory one of whose subdirectories is being copied is
/// parked: closed meanwhile, and opened again when that is done.
final class DirectoryNode: Sendable {
  let parent: DirectoryNode?
  let ancestry: Ancestry
  /// Whether it was reached through a link, whose ".." leads elsewhere.
  private let isLinked: Bool

  private enum Access {
    case open(DirectoryCopy)
    case parked(DirectoryCopy.Parked)
    /// Done, or not found again.
    case closed
  }

  private struct State {
    var access: Access
    /// What wanted the directory while it was parked.
    var deferred: [TreeItem] = []
    var isPinned = false
  }

  private let state: Mutex<State>
  /// Who still works in the directory or will: readers of its entries, batches of them,
  /// subdirectories, unfinished files.
  private let users = Atomic<Int>(1)

  init(_ copy: DirectoryCopy, in parent: DirectoryNode?, isLinked: Bool, root: Ancestry.Root) {
    self.parent = parent
    self.isLinked = isLinked
    ancestry = Ancestry(root: root, directory: copy.status.identity, in: parent?.ancestry)
    state = Mutex(State(access: .open(copy)))
    if isLinked { parent?.pin() }
  }

  func retain() { users.add(1, ordering: .relaxed) }

  /// True for the last.
  func release() -> Bool {
    users.subtract(1, ordering: .acquiringAndReleasing).newValue == 0
  }

  /// A directory that was asked for.
  enum Answer {
    case open(DirectoryCopy)
    /// It is parked; the item comes back once it is open again.
    case deferred
    /// It was not found again.
    case lost
  }

  func open(for item: TreeItem) -> Answer {
    state.withLock { state in
      switch state.access {
      case .open(let copy): return .open(copy)
      case .closed: return .lost
      case .parked:
        state.deferred.append(item)
        return .deferred
      }
    }
  }

  /// One reading of the entries, under the lock under which the directory is parked: nobody
  /// parks it between the look at its descriptor and the reading. Nil where it is parked
  /// or lost. The batch is empty at the directory's end.
  func read(_ batch: NameBatch, inOrder: Bool) throws(SystemError) -> Bool? {
    try state.withLock { (state) throws(SystemError) -> Bool? in
      guard case .open(let copy) = state.access else { return nil }
      return try batch.use { (names) throws(SystemError) in
        try inOrder
          ? names.fillInOrderOfInodes(from: copy.source.descriptor)
          : names.fill(from: copy.source.descriptor)
      }
    }
  }

  /// The next directory inwards from `outer`, towards this one's parent; nil at its end.
  func nextDescendant(of outer: DirectoryNode) -> DirectoryNode? {
    var inner: DirectoryNode?
    var next = parent
    while let directory = next, directory !== outer {
      inner = directory
      next = directory.parent
    }
    return inner
  }

  /// The open directory, for its last act.
  var copy: DirectoryCopy? {
    state.withLock { if case .open(let copy) = $0.access { copy } else { nil } }
  }

  private func pin() {
    state.withLock { $0.isPinned = true }
  }

  /// Closes the directory until a subdirectory is done. False where it may not be.
  func park() -> Bool {
    state.withLock { state in
      guard case .open(let copy) = state.access, !state.isPinned, let parked = copy.park()
      else { return false }
      state.access = .parked(parked)
      return true
    }
  }

  /// What came of opening a directory again.
  struct Reopened {
    /// What waited for it.
    var items: [TreeItem] = []
    var isOpened = false
    /// Why it was not found, and where it was.
    var lost: ReflinkError?
  }

  /// Opens the directory again, where it is parked, from a subdirectory or by its names.
  func unpark(from child: DirectoryCopy?) -> Reopened {
    state.withLock { state in
      guard case .parked(let parked) = state.access else { return Reopened() }
      defer { state.deferred = [] }
      do throws(SystemError) {
        state.access = .open(try parked.reopened(from: child))
        return Reopened(items: state.deferred, isOpened: true)
      } catch {
        state.access = .closed
        let failure = error.during(.readDirectory, parked.sourcePath, parked.destinationPath)
        return Reopened(items: state.deferred, lost: failure)
      }
    }
  }

  /// Closes the directory for good.
  func close() {
    state.withLock { $0.access = .closed }
  }
}
