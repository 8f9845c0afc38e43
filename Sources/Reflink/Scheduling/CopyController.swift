import Synchronization
import SystemPackage

/// Observes and cancels running copies, from any thread.
///
/// A copy without a controller pays nothing for it. One controller may serve several copies; it then
/// counts all their bytes, and `cancel` ends them all. For a total over copies that are cancelled
/// one by one, each gets a ``child()``. The cancellation of a task ends only what that task awaits.
public final class CopyController: Sendable {
  private let parent: CopyController?
  private let cancelled = Atomic<Bool>(false)
  private let done = Atomic<Int64>(0)
  private let skipped = Atomic<Int64>(0)
  private let read = Atomic<Int64>(0)
  private let written = Atomic<Int64>(0)
  private let files = Atomic<Int>(0)
  /// Whether anybody asked how far it is: only then files of a tree are noted.
  private let watched = Atomic<Bool>(false)
  /// Whether that was since a path was noted last.
  private let wantsPath = Atomic<Bool>(false)
  private let state = Mutex(State())

  private struct State {
    /// What the caller said that it will be in all.
    var bytesStated: Int64?
    var bytesExpected: Int64?
    var filesStated: Int?
    var filesExpected: Int?
    /// Whether something runs whose size nobody knows.
    var isOpenEnded = false
    var currentPath: FilePath?
    var method: CopyOutcome.Method?
    var hasBegun = false
    /// All calls under it, and those of them that copy.
    var activities: [Activity] = []
    var copies = 0
    /// Who waits for the end, and who for the method of the first file.
    var waiters: [Waiter] = []
    var starters: [Waiter] = []
    /// The furthest that was told: a whole that grows does not lead back.
    var furthest = 0.0

    var isFinished: Bool { hasBegun && copies == 0 }
  }

  /// A controller of nothing yet.
  ///
  /// - Parameter bytes: How much all copies under it will be, where the caller knows; else the
  ///   whole grows with each copy that begins.
  public convenience init(expecting bytes: Int64? = nil) {
    self.init(under: nil, expecting: bytes)
  }

  private init(under parent: CopyController?, expecting bytes: Int64?) {
    self.parent = parent
    if let bytes { state.withLock { $0.bytesStated = max(bytes, 0) } }
  }

  /// A controller of its own, whose bytes count for this one too. Cancelling this one cancels it, and
  /// not the reverse.
  public func child() -> CopyController {
    CopyController(under: self, expecting: nil)
  }

  /// Asks every copy under this controller to end. Each ends after its current step (milliseconds;
  /// one whole FICLONE of a short file cannot be cut), one that waits at once; it removes what it
  /// had begun, and throws an error with the code `cancelled`.
  public func cancel() {
    cancelled.store(true, ordering: .releasing)
    for activity in state.withLock({ $0.activities }) { activity.cancel() }
  }

  /// Whether somebody cancelled it, or what it is a child of.
  public var isCancelled: Bool {
    cancelled.load(ordering: .acquiring) || parent?.isCancelled ?? false
  }

  /// How far everything under this controller is, now. The copies do not notice, but for paths of
  /// files of a tree: from the first reading on that of each large one is noted, and of small ones that
  /// of one after each reading.
  public var progress: CopyProgress {
    watch()
    return state.withLock { state in
      let isOpenEnded = state.isOpenEnded && state.bytesStated == nil
      var progress = CopyProgress(
        bytesDone: done.load(ordering: .relaxed),
        bytesSkipped: skipped.load(ordering: .relaxed),
        bytesExpected: isOpenEnded ? nil : state.bytesStated ?? state.bytesExpected,
        filesDone: files.load(ordering: .relaxed),
        filesExpected: state.isOpenEnded ? nil : state.filesStated ?? state.filesExpected,
        currentPath: state.currentPath, method: state.method, isFinished: state.isFinished)
      progress.bytesCompared = read.load(ordering: .relaxed)
      progress.bytesUpdated = written.load(ordering: .relaxed)
      if let fraction = progress.share {
        state.furthest = max(state.furthest, fraction)
        progress.fraction = state.furthest
      }
      return progress
    }
  }

  private func watch() {
    watched.store(true, ordering: .relaxed)
    wantsPath.store(true, ordering: .relaxed)
  }

  // MARK: - For the copies

  /// A call begins. To be ended by `end`. `isCopy`: it is of those that whoever watches waits for.
  func begin(isCopy: Bool = true) -> Activity {
    let activity = Activity(self, isCopy: isCopy)
    add(activity)
    // `cancel` sets the flag before it looks for activities.
    if isCancelled { activity.cancel() }
    return activity
  }

  private func add(_ activity: Activity) {
    state.withLock { state in
      if activity.isCopy {
        state.hasBegun = true
        state.copies += 1
      }
      state.activities.append(activity)
    }
    parent?.add(activity)
  }

  /// Of a call that has failed, nothing follows.
  func end(_ activity: Activity, hasFailed: Bool = false) {
    let waiters = state.withLock { state in
      if hasFailed { state.hasBegun = true }
      state.activities.removeAll { $0 === activity }
      if activity.isCopy { state.copies -= 1 }
      guard state.isFinished else { return [Waiter]() }
      defer {
        state.waiters = []
        state.starters = []
      }
      return state.waiters + state.starters
    }
    for waiter in waiters { waiter.open() }
    parent?.end(activity, hasFailed: hasFailed)
  }

  func add(_ bytes: Int64) {
    done.addSaturating(bytes)
    parent?.add(bytes)
  }

  /// Dealt with, and not copied.
  func skip(_ bytes: Int64) {
    skipped.addSaturating(bytes)
    parent?.skip(bytes)
  }

  /// Read to be compared with an earlier copy, and written since it differed.
  func compared(_ bytes: Int64, _ differing: Int64) {
    read.addSaturating(bytes)
    written.addSaturating(differing)
    parent?.compared(bytes, differing)
  }

  func fileDone() {
    files.add(1, ordering: .relaxed)
    parent?.fileDone()
  }

  /// Of small files one is noted after each reading: putting a path together takes as long as some
  /// system calls.
  private static var shortSize: Int64 { 1 << 20 }

  /// Whether the path of a file of this size, which begins, is to be noted.
  func isToNote(_ size: Int64) -> Bool {
    let isOwn =
      watched.load(ordering: .relaxed)
      && (size > Self.shortSize || wantsPath.exchange(false, ordering: .relaxed))
    return (parent?.isToNote(size) ?? false) || isOwn
  }

  func begin(_ path: FilePath) {
    state.withLock { $0.currentPath = path }
    parent?.begin(path)
  }

  /// How data of the file that was begun last moves, once that is known.
  func moves(by method: CopyOutcome.Method) {
    let waiters = state.withLock { state in
      if state.method == method { return [Waiter]() }
      defer { state.method = method }
      defer { state.starters = [] }
      return state.starters
    }
    for waiter in waiters { waiter.open() }
    parent?.moves(by: method)
  }

  /// More is to be done, of a known size.
  func expect(bytes: Int64, files: Int) {
    state.withLock { state in
      state.bytesExpected = (state.bytesExpected ?? 0).saturatingAdd(bytes)
      state.filesExpected = (state.filesExpected ?? 0).saturatingAdd(files)
    }
    parent?.expect(bytes: bytes, files: files)
  }

  /// More is to be done, and nobody knows how much.
  package func expectUnknown() {
    state.withLock { $0.isOpenEnded = true }
    parent?.expectUnknown()
  }

  /// Somebody has counted all of it.
  package func settle(bytes: Int64, files: Int) {
    state.withLock { state in
      state.bytesStated = bytes
      state.filesStated = files
      state.isOpenEnded = false
    }
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

  /// Adds one to wake once it is known how data moves, or all has ended; false where that is so.
  func addStarter(_ waiter: Waiter) -> Bool {
    state.withLock { state in
      if state.isFinished || state.method != nil { return false }
      state.starters.append(waiter)
      return true
    }
  }
}

extension Atomic<Int64> {
  /// Saturating: the sizes of a few sparse files add up to more than an integer holds.
  fileprivate func addSaturating(_ bytes: Int64) {
    guard bytes != 0 else { return }
    var old = load(ordering: .relaxed)
    while true {
      let (exchanged, original) = weakCompareExchange(
        expected: old, desired: old.saturatingAdd(bytes), ordering: .relaxed)
      if exchanged { return }
      old = original
    }
  }
}
