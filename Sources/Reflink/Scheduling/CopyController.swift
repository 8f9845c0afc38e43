import Synchronization
import SystemPackage

/// A hand on a running copy, from any thread: how far it is, and an end to it.
///
/// A copy that nobody holds a controller of pays nothing for it. One controller may
/// serve several copies; it then counts all their bytes and cancels them all.
public final class CopyController: Sendable {
  private let cancelled = Atomic<Bool>(false)
  private let done = Atomic<Int64>(0)
  private let files = Atomic<Int>(0)
  /// Whether anybody asked how far it is: only then files of a tree are noted.
  private let watched = Atomic<Bool>(false)
  private let state = Mutex(State())

  private struct State {
    var bytesExpected: Int64?
    var filesExpected: Int?
    /// Whether something runs whose size nobody knows.
    var isOpenEnded = false
    var currentPath: FilePath?
    var hasBegun = false
    var running = 0
    var waiters: [Waiter] = []
  }

  /// A controller of nothing yet.
  public init() {}

  /// Asks every copy under this controller to end. Each ends after its current step
  /// (milliseconds; one whole FICLONE of a short file cannot be cut), removes what
  /// it had begun, and throws an error with the code `cancelled`.
  public func cancel() {
    cancelled.store(true, ordering: .relaxed)
  }

  /// Whether somebody cancelled it.
  public var isCancelled: Bool {
    cancelled.load(ordering: .relaxed)
  }

  /// How far everything under this controller is, now. The copies do not notice, but for the
  /// path of each file of a tree, which is noted from the first reading on.
  public var progress: CopyProgress {
    if !isWatched { watched.store(true, ordering: .relaxed) }
    return state.withLock { state in
      CopyProgress(
        bytesDone: done.load(ordering: .relaxed),
        bytesExpected: state.isOpenEnded ? nil : state.bytesExpected,
        filesDone: files.load(ordering: .relaxed),
        filesExpected: state.isOpenEnded ? nil : state.filesExpected,
        currentPath: state.currentPath, isFinished: state.hasBegun && state.running == 0)
    }
  }

  // MARK: - For the copies

  func add(_ bytes: Int64) {
    if bytes != 0 { done.add(bytes, ordering: .relaxed) }
  }

  func fileDone() {
    files.add(1, ordering: .relaxed)
  }

  var isWatched: Bool { watched.load(ordering: .relaxed) }

  func begin(_ path: FilePath) {
    state.withLock { $0.currentPath = path }
  }

  /// More is to be done, of a known size.
  func expect(bytes: Int64, files: Int) {
    state.withLock { state in
      state.bytesExpected = (state.bytesExpected ?? 0) + bytes
      state.filesExpected = (state.filesExpected ?? 0) + files
    }
  }

  /// More is to be done, and nobody knows how much.
  func expectUnknown() {
    state.withLock { $0.isOpenEnded = true }
  }

  func began() {
    state.withLock { state in
      state.hasBegun = true
      state.running += 1
    }
  }

  func ended() {
    let waiters = state.withLock { state in
      state.running -= 1
      guard state.running == 0 else { return [Waiter]() }
      defer { state.waiters = [] }
      return state.waiters
    }
    for waiter in waiters { waiter.open() }
  }

  // MARK: - For who listens

  /// Adds one to wake at the end; false where that has come.
  func add(_ waiter: Waiter) -> Bool {
    state.withLock { state in
      if state.hasBegun, state.running == 0 { return false }
      state.waiters.append(waiter)
      return true
    }
  }

  func remove(_ waiter: Waiter) {
    state.withLock { $0.waiters.removeAll { $0 === waiter } }
  }
}
