import Synchronization
import SystemPackage

/// Something long that takes turns at the workers of a queue.
protocol Work: AnyObject, Sendable {
  /// Goes on until it is finished, has to wait, or its turn is over. Never sleeps.
  /// After `finished` or `cancelled` it is not asked again.
  func take(_ turn: WorkerTurn) -> Turn

  /// By whom its waiting is ended early; nil where nobody can.
  var activity: Activity? { get }
}

/// One worker's time for one piece of work.
struct WorkerTurn {
  /// Whose worker it is; nil for a caller's own thread, for which nobody waits.
  let queue: RunQueue?
  let slice = TimeSlice()
  /// Whether a long file gives way even if nobody waits in the queue: the rest of its tree
  /// may wait for it.
  var alwaysYields = false

  /// Whether a file gives way once the slice is spent.
  var othersWait: Bool { alwaysYields || (queue?.othersWait ?? false) }

  /// Whether the worker is to give way: the slice is spent and somebody waits for it.
  var isOver: Bool { slice.isSpent { queue?.othersWait ?? false } }

  /// The next slice of the same worker, where nobody waited at the end of this one.
  var next: WorkerTurn {
    slice.isSpent { true } ? WorkerTurn(queue: queue, alwaysYields: alwaysYields) : self
  }
}

/// Work in turns on a few threads of its own: first come, first served, and whoever has
/// used up its slice while others wait goes to the back. Nobody else's thread works here:
/// a caller that blocks has its own work, or sleeps.
///
/// Work that waits is with the `Watcher`. Once its waiting is over, or was cancelled, it is
/// served before what only waits for a worker, every other time: it has a short turn as a rule,
/// and what it waited for may be gone soon.
///
/// Threads are started when there is work for them, and never end: the helper process of a
/// long clone dies with the thread that started it.
final class RunQueue: Sendable {
  private struct State {
    var ready = Line()
    /// What has waited, and is ready again.
    var resumed = Line()
    var resumedIsNext = true
    /// Threads that found nothing to do; those that were woken and have not looked yet
    /// among them.
    var parked = 0
    var started = 0

    var count: Int { ready.count + resumed.count }

    mutating func next() -> (any Work)? {
      defer { resumedIsNext.toggle() }
      if resumedIsNext { return resumed.removeFirst() ?? ready.removeFirst() }
      return ready.removeFirst() ?? resumed.removeFirst()
    }
  }

  private let state = Mutex(State())
  private let wakeUp = EventCount()
  private let threads: Int
  private let process = processID()

  /// The queue of all copies that nobody runs on a thread of their own.
  static let shared = RunQueue(threads: max(2, defaultWorkers()))

  /// - Parameter threads: How many are started at most; at least 1.
  init(threads: Int) {
    self.threads = max(threads, 1)
  }

  /// Whether work waits for a worker.
  var othersWait: Bool { state.withLock { $0.count > 0 } }

  /// Whether the queue's threads may do the calling thread's work: they have the process's
  /// rights to files, and it has no others of its own. After fork(2) there are no such threads.
  var mayWorkForCaller: Bool {
    processID() == process && FileCredentials.current == .process
  }

  /// Puts work at the end of the line. Throws where there is no thread that would do it:
  /// none could be started, or this is a child of fork(2), which has none of them.
  func submit(_ work: any Work) throws(SystemError) {
    guard processID() == process else {
      throw SystemError(call: .thread, errno: .notSupported)
    }
    try add {
      $0.ready.append(work)
    } orTakeBack: {
      $0.ready.remove(work)
    }
  }

  /// The same for work whose waiting is over.
  func resume(_ work: any Work) {
    // A thread is there: it had this work before.
    try? add {
      $0.resumed.append(work)
    } orTakeBack: { _ in
      false
    }
  }

  /// - Parameter takeBack: Called where no thread is there and none could be started.
  private func add(
    _ append: (inout State) -> Void, orTakeBack takeBack: (inout State) -> Bool
  ) throws(SystemError) {
    let (mustWake, mustStart) = state.withLock { state in
      append(&state)
      let mustStart = state.count > state.parked && state.started < threads
      if mustStart { state.started += 1 }
      return (state.parked > 0, mustStart)
    }
    if mustWake { wakeUp.advance(waking: 1) }
    guard mustStart else { return }
    do throws(SystemError) {
      try startThread { [self] in workForEver() }
    } catch {
      let isNobodys = state.withLock { state in
        state.started -= 1
        return state.started == 0 && takeBack(&state)
      }
      if isNobodys { throw error }
    }
  }

  private func workForEver() {
    // A thread inherits those of the one that started it, which may be a user's.
    let credentials = FileCredentials.process
    if credentials != .current { credentials.adopt() }
    while true {
      let work = next()
      switch work.take(WorkerTurn(queue: self)) {
      case .finished, .cancelled: break
      case .spent: putBack(work)
      case .waiting(let wait):
        Watcher.shared.watch(wait, work.activity) { [self] in resume(work) }
      }
    }
  }

  /// Puts back what has used up its turn; the thread that calls takes the next.
  private func putBack(_ work: any Work) {
    state.withLock { $0.ready.append(work) }
  }

  /// The next work; sleeps until there is some.
  private func next() -> any Work {
    while true {
      let seen = wakeUp.current
      let work = state.withLock { state in
        let work = state.next()
        if work == nil { state.parked += 1 }
        return work
      }
      if let work { return work }
      wakeUp.wait(past: seen)
      state.withLock { $0.parked -= 1 }
    }
  }
}

/// First in, first out.
private struct Line {
  private var entries: [(any Work)?] = []
  private var head = 0

  var count: Int { entries.count - head }

  mutating func append(_ work: any Work) { entries.append(work) }

  mutating func removeFirst() -> (any Work)? {
    guard head < entries.count else { return nil }
    defer {
      entries[head] = nil
      head += 1
      if head * 2 > entries.count {
        entries.removeFirst(head)
        head = 0
      }
    }
    return entries[head]
  }

  mutating func remove(_ work: any Work) -> Bool {
    guard let index = entries.firstIndex(where: { $0 === work }) else { return false }
    entries.remove(at: index)
    return true
  }
}
