import Synchronization
import SystemPackage

/// A directory of a tree that is being copied, from its opening until all that is in it
/// is done and its own attributes are set.
///
/// Where descriptors are short, a directory one of whose subdirectories is being copied is
/// closed meanwhile, and opened again through the subdirectory's "..".
final class DirectoryNode: Sendable {
  let parent: DirectoryNode?
  let ancestry: Ancestry
  /// Whether it was reached through a link, whose ".." leads elsewhere.
  private let isLinked: Bool

  private struct State {
    /// Nil while it is parked, and once it is lost.
    var copy: DirectoryCopy?
    var parked: Parked?
    /// What wanted the directory while it was parked.
    var deferred: [TreeItem] = []
    var isReading = false
    var isPinned = false
  }

  /// What it takes to open the directory again.
  private struct Parked {
    var copy: DirectoryCopy.Closed
    var source: FileIdentity
    var destination: FileIdentity
    var offset: Int64
  }

  private let state: Mutex<State>
  /// Who still works in the directory or will: readers of its entries, batches of them,
  /// subdirectories, files that go on by themselves.
  private let users = Atomic<Int>(1)

  init(_ copy: DirectoryCopy, in parent: DirectoryNode?, isLinked: Bool, root: Ancestry.Root) {
    self.parent = parent
    self.isLinked = isLinked
    ancestry = Ancestry(root: root, directory: copy.status.identity, in: parent?.ancestry)
    state = Mutex(State(copy: copy))
    if isLinked { parent?.pin() }
  }

  func retain() { users.add(1, ordering: .relaxed) }

  /// True for the last.
  func release() -> Bool {
    users.subtract(1, ordering: .acquiringAndReleasing).newValue == 0
  }

  /// The open directory; nil where it is parked (the item comes back once it is open
  /// again) or lost.
  func open(for item: TreeItem) -> (copy: DirectoryCopy?, isLost: Bool) {
    state.withLock { state in
      if let copy = state.copy { return (copy, false) }
      guard state.parked != nil else { return (nil, true) }
      state.deferred.append(item)
      return (nil, false)
    }
  }

  /// The next directory inwards from `outer`, on the way to this one's parent; nil at its end.
  func way(from outer: DirectoryNode) -> DirectoryNode? {
    var inner: DirectoryNode?
    var next = parent
    while let directory = next, directory !== outer {
      inner = directory
      next = directory.parent
    }
    return inner
  }

  /// The open directory, for its last act.
  var copy: DirectoryCopy? { state.withLock { $0.copy } }

  /// Lends the directory to read its entries, which only one does at a time.
  func read(_ batch: NameBatch, of copy: DirectoryCopy) throws(SystemError) -> Bool {
    state.withLock { $0.isReading = true }
    defer { state.withLock { $0.isReading = false } }
    return try batch.use { (names) throws(SystemError) in
      try names.fill(from: copy.source.descriptor)
    }
  }

  private func pin() {
    state.withLock { $0.isPinned = true }
  }

  /// Closes the directory until a subdirectory is done. False where it may not be.
  func park() -> Bool {
    state.withLock { state in
      guard let copy = state.copy, !state.isReading, !state.isPinned,
        let destination = try? copy.destination.descriptor.status(),
        let offset = try? copy.source.descriptor.directoryOffset()
      else { return false }
      state.parked = Parked(
        copy: copy.closed, source: copy.status.identity, destination: destination.identity,
        offset: offset)
      state.copy = nil
      return true
    }
  }

  /// Opens the directory again from a subdirectory, where it is parked. Returns what waited
  /// for it; with an error where it is not above that subdirectory any more.
  func unpark(from child: DirectoryCopy?) -> (
    items: [TreeItem], isOpened: Bool, lost: ReflinkError?
  ) {
    state.withLock { state in
      guard let parked = state.parked else { return ([], false, nil) }
      state.parked = nil
      defer { state.deferred = [] }
      guard let child else { return (state.deferred, false, nil) }
      do throws(SystemError) {
        state.copy = try parked.copy.opened(
          from: child, parked.source, parked.destination, at: parked.offset)
        return (state.deferred, true, nil)
      } catch {
        let failure = error.during(
          .readDirectory, child.source.path.removingLastComponent(),
          child.destination.path.removingLastComponent())
        return (state.deferred, false, failure)
      }
    }
  }

  /// Closes the directory for good.
  func close() {
    state.withLock { $0.copy = nil }
  }
}
