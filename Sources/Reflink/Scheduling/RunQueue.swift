import Synchronization
import SystemPackage

/// Something long that takes turns at the workers of a queue.
protocol Work: AnyObject, Sendable {
  /// Goes on until it is finished, has to wait, or its turn is over. Never sleeps.
  /// After `finished` or `cancelled` it is not asked again.
  func take(_ turn: WorkerTurn) -> Turn

  /// By whom its waiting is ended early; nil where nobody can.
  var activity: Activity? { get }

  /// After `finished` or `cancelled`: what tells the end to whoever awaits it. The queue lets
  /// go of the work first, so that no file of it is open any more by then.
  func ending() -> (@Sendable () -> Void)?

  /// There is no thread for it, and will be none.
  func abandon(_ error: SystemError)
}

/// One worker's time for one piece of work.
struct WorkerTurn {
  /// Whose worker it is; nil for a caller's own thread, for which nobody waits.
  let queue: RunQueue?
  let slice = TimeSlice()
  /// Whether a long file gives way even if nobody waits in the queue: the rest of its tree
  /// may wait for it.
  var alwaysYields = false
  /// The place in line that the work got before it opened its source.
  var place: ClonePlace?

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
/// Work that waits is with the `Watcher`. Once its waiting is over, or was cancelled, it is in a
/// line of its own; workers take from the two lines in turns.
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

  /// Of those that stand back.
  static let background = RunQueue(threads: 2, priority: .background)

  /// Whose threads copy with these options.
  static func of(_ options: CopyOptions) -> RunQueue {
    guard options.pace.priority == .background else { return shared }
    // A thread that all copies use inherits the priority of the one that starts it.
    Watcher.shared.start()
    return background
  }

  private let priority: CopyOptions.Pace.Priority

  /// - Parameter threads: How many are started at most; at least 1.
  init(threads: Int, priority: CopyOptions.Pace.Priority = .normal) {
    self.threads = max(threads, 1)
    self.priority = priority
  }

  /// Whether work waits for a worker.
  var othersWait: Bool { state.withLock { $0.count > 0 } }

  /// Whether the queue's threads may do the calling thread's work: they have the process's
  /// rights to files, and it has no others of its own. After fork(2) there are no such threads.
  var mayWorkForCaller: Bool {
    processID() == process && FileCredentials.current == .process
  }

  /// Puts work at the end of the line. Where no thread could be started for it, or this is a
  /// child of fork(2), which has none of them, the work is abandoned.
  func submit(_ work: any Work) {
    guard processID() == process else {
      return work.abandon(SystemError(call: .thread, errno: .notSupported))
    }
    add { $0.ready.append(work) }
  }

  /// The same for work whose waiting is over.
  func resume(_ work: any Work) {
    add { $0.resumed.append(work) }
  }

  private func add(_ append: (inout State) -> Void) {
    let (mustWake, wantsThread, hasThreads) = state.withLock { state in
      append(&state)
      return (
        state.parked > 0, state.count > state.parked && state.started < threads,
        state.started > 0
      )
    }
    if mustWake { wakeUp.advance(waking: 1) }
    // A thread inherits the rights of the one that starts it; another may have those of a user.
    guard wantsThread, !hasThreads || FileCredentials.current == .process else { return }
    startOne()
  }

  private func startOne() {
    let mayStart = state.withLock { state in
      guard state.started < threads else { return false }
      state.started += 1
      return true
    }
    guard mayStart else { return }
    do throws(SystemError) {
      try startThread { [self] in workForEver() }
    } catch {
      // Where there is no other thread either, nobody will do what is in line.
      let abandoned = state.withLock { state in
        state.started -= 1
        var abandoned: [any Work] = []
        while state.started == 0, let work = state.next() { abandoned.append(work) }
        return abandoned
      }
      for work in abandoned { work.abandon(error) }
    }
  }

  private func workForEver() {
    let credentials = FileCredentials.process
    if credentials != .current { credentials.adopt() }
    if priority == .background { standBack() }
    while true {
      let ending = workOnce()
      ending?()
    }
  }

  /// One turn of the next work. Returns what tells its end, when the work itself is let go.
  private func workOnce() -> (@Sendable () -> Void)? {
    let work = next()
    switch work.take(WorkerTurn(queue: self)) {
    case .finished, .cancelled: return work.ending()
    case .spent: putBack(work)
    case .waiting(let wait):
      Watcher.shared.watch(wait, work.activity) { [self] in resume(work) }
    }
    return nil
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
}
