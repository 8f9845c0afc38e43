import Synchronization
import SystemPackage

/// Observes and cancels running copies, from any thread.
///
/// A copy without a controller pays nothing for it. One controller may serve several copies;
/// it then counts all their bytes, and `cancel` ends them all. The cancellation of a task
/// ends only what that task awaits.
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
    var activities: [Activity] = []
    var waiters: [Waiter] = []

    var isFinished: Bool { hasBegun && activities.isEmpty }
  }

  /// A controller of nothing yet.
  public init() {}

  /// Asks every copy under this controller to end. Each ends after its current step
  /// (milliseconds; one whole FICLONE of a short file cannot be cut), one that waits at
  /// once; it removes what it had begun, and throws an error with the code `cancelled`.
  public func cancel() {
    cancelled.store(true, ordering: .releasing)
    for activity in state.withLock({ $0.activities }) { activity.cancel() }
  }

  /// Whether somebody cancelled it.
  public var isCancelled: Bool {
    cancelled.load(ordering: .acquiring)
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
        currentPath: state.currentPath, isFinished: state.isFinished)
    }
  }

  // MARK: - For the copies

  /// A call begins. To be ended by `end`.
  func begin() -> Activity {
    let activity = Activity(self)
    state.withLock { state in
      state.hasBegun = true
      state.activities.append(activity)
    }
    // `cancel` sets the flag before it looks for activities.
    if isCancelled { activity.cancel() }
    return activity
  }

  func end(_ activity: Activity) {
    let waiters = state.withLock { state in
      state.activities.removeAll { $0 === activity }
      guard state.activities.isEmpty else { return [Waiter]() }
      defer { state.waiters = [] }
      return state.waiters
    }
    for waiter in waiters { waiter.open() }
  }

  func add(_ bytes: Int64) {
    guard bytes != 0 else { return }
    // Saturating: the sizes of a few sparse files add up to more than an integer holds.
    var old = done.load(ordering: .relaxed)
    while true {
      let (exchanged, original) = done.weakCompareExchange(
        expected: old, desired: old.saturatingAdd(bytes), ordering: .relaxed)
      if exchanged { return }
      old = original
    }
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
      state.bytesExpected = (state.bytesExpected ?? 0).saturatingAdd(bytes)
      state.filesExpected = (state.filesExpected ?? 0).saturatingAdd(files)
    }
  }

  /// More is to be done, and nobody knows how much.
  func expectUnknown() {
    state.withLock { $0.isOpenEnded = true }
  }

  // MARK: - For who listens

  /// Adds one to wake at the end; false where that has come.
  func add(_ waiter: Waiter) -> Bool {
    state.withLock { state in
      if state.isFinished { return false }
      state.waiters.append(waiter)
      return true
    }
  }

  func remove(_ waiter: Waiter) {
    state.withLock { $0.waiters.removeAll { $0 === waiter } }
  }
}
