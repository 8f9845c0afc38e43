import CReflink
import Synchronization
import SystemPackage

/// Work in turns on a few threads: first come, first served, and whoever has used up
/// its slice while others wait goes to the back. Work that waits is in nobody's way.
///
/// A thread that needs a result may work here itself until that is there. Threads
/// are started when there is work for them, and never before.
final class RunQueue: Sendable {
  fileprivate struct State: ~Copyable {
    var ready = Line()
    var waiting: [Waiting] = []
    /// Threads that found nothing to do and wait at the gate.
    var parked = 0
    /// Those of them that were woken and have not gone on yet: nobody counts on them twice.
    var woken = 0
    var started = 0
    /// Callers that work here themselves.
    var callers = 0
    /// Whether another looks at what the waiting wait for, and hears the bell.
    var isWatched = false
    /// Made for the first that watches.
    var bell: CInt = -1
  }

  fileprivate struct Waiting {
    let work: any Work
    let wait: Wait
    let end: Instant
  }

  private let state = Mutex(State())
  private let gate = Gate()
  /// Copies of what `state` holds, to be read at every step.
  private let readyCount = Atomic<Int>(0)
  private let idleCount: Atomic<Int>
  private let threads: Int

  /// The queue of all copies that nobody runs on a thread of their own.
  static let shared = RunQueue(threads: max(2, defaultWorkers()))

  /// - Parameter threads: How many are started at most; callers that work are not counted.
  init(threads: Int) {
    self.threads = threads
    idleCount = Atomic(threads)
  }

  deinit {
    state.withLock { if $0.bell >= 0 { _ = Descriptor(owning: $0.bell) } }
  }

  /// Whether work waits for a worker.
  var othersWait: Bool { readyCount.load(ordering: .relaxed) > 0 }

  /// Whether a thread has nothing to do, or could still be started.
  var hasIdleWorkers: Bool { idleCount.load(ordering: .relaxed) > 0 }

  /// Puts work at the end of the line. Fails when there is no thread for it at all.
  func submit(_ work: any Work) throws(SystemError) {
    let mustStart = state.withLock { state in
      state.ready.append(work)
      readyCount.store(state.ready.count, ordering: .relaxed)
      if wakeOne(&state) { return false }
      guard state.started < threads else { return false }
      state.started += 1
      return true
    }
    guard mustStart else { return }
    idleCount.subtract(1, ordering: .relaxed)
    do throws(SystemError) {
      try startThread { [self] in workOn(nil) { false } }
    } catch {
      idleCount.add(1, ordering: .relaxed)
      let isNobodysWork = state.withLock { state in
        state.started -= 1
        guard state.started == 0, state.callers == 0 else { return false }
        let mine = state.ready.remove(work)
        readyCount.store(state.ready.count, ordering: .relaxed)
        return mine
      }
      if isNobodysWork { throw error }
    }
  }

  /// Lets the caller's thread work here, `first` before all, until it is done.
  func work(first: (any Work)? = nil, until isDone: () -> Bool) {
    state.withLock { $0.callers += 1 }
    workOn(first, isDone)
    // What woke this thread, which goes now, may have been meant for any.
    state.withLock { state in
      state.callers -= 1
      if !state.ready.isEmpty || !state.waiting.isEmpty { _ = wakeOne(&state) }
    }
  }

  private func workOn(_ first: (any Work)?, _ isDone: () -> Bool) {
    var next = first
    while !isDone() {
      guard let work = next ?? take() else {
        park(isDone)
        continue
      }
      next = nil
      switch work.take(WorkerTurn(queue: self)) {
      case .finished, .cancelled: break
      case .spent: putBack(work)
      case .waiting(let wait): putBack(work, until: wait)
      }
    }
  }

  /// Wakes a thread for new work. False when none sleeps.
  private func wakeOne(_ state: inout State) -> Bool {
    if state.parked > 0 {
      wake(1, &state)
    } else if state.isWatched {
      _ = creflink_ring(state.bell)
    } else {
      return false
    }
    return true
  }

  private func wake(_ count: Int, _ state: inout State) {
    state.parked -= count
    state.woken += count
    gate.open(for: count)
  }

  /// To be called when something became true that a caller of `work` waits for.
  func wakeAll() {
    state.withLock { state in
      if state.parked > 0 { wake(state.parked, &state) }
      if state.isWatched { _ = creflink_ring(state.bell) }
    }
  }

  /// Puts work aside that has to wait.
  func putBack(_ work: any Work, until wait: Wait) {
    state.withLock { state in
      state.waiting.append(
        Waiting(work: work, wait: wait, end: .now + wait.atMost))
      // Whoever watches has to look at it too, or whoever is parked to begin watching.
      if state.isWatched {
        _ = creflink_ring(state.bell)
      } else if state.parked > 0 {
        wake(1, &state)
      }
    }
  }

  private func putBack(_ work: any Work) {
    state.withLock { state in
      state.ready.append(work)
      readyCount.store(state.ready.count, ordering: .relaxed)
    }
  }

  private func take() -> (any Work)? {
    state.withLock { state in
      if !state.waiting.isEmpty {
        let now = Instant.now
        state.release { $0.end <= now }
      }
      let work = state.ready.removeFirst()
      readyCount.store(state.ready.count, ordering: .relaxed)
      return work
    }
  }

  /// Sleeps until there may be something to do.
  private func park(_ isDone: () -> Bool) {
    var watched: [Waiting]?
    var bell: CInt = -1
    let generation: UInt32? = state.withLock { state in
      guard state.ready.isEmpty else { return nil }
      if !state.waiting.isEmpty, !state.isWatched {
        if state.bell < 0 { state.bell = creflink_make_bell() }
        bell = state.bell
        state.isWatched = true
        watched = Array(state.waiting.prefix(Self.mostWatched))
      } else {
        state.parked += 1
      }
      return gate.generation
    }
    guard let generation else { return }
    idleCount.add(1, ordering: .relaxed)
    var ready: [Bool] = []
    // Whoever makes it true wakes all that were counted above.
    if !isDone() {
      if let watched {
        ready = watch(watched, bell)
      } else {
        gate.wait(past: generation)
      }
    }
    idleCount.subtract(1, ordering: .relaxed)
    state.withLock { state in
      guard let watched else {
        // Woken, or returned early in place of one that was.
        if state.woken > 0 { state.woken -= 1 } else { state.parked -= 1 }
        return
      }
      state.isWatched = false
      let now = Instant.now
      let ended = zip(watched, ready).filter(\.1).map { ObjectIdentifier($0.0.work) }
      state.release { $0.end <= now || ended.contains(ObjectIdentifier($0.work)) }
      readyCount.store(state.ready.count, ordering: .relaxed)
    }
  }

  private static let mostWatched = 60

  /// Waits for the bell, for one of the descriptors, or for the first end.
  private func watch(_ watched: [Waiting], _ bell: CInt) -> [Bool] {
    let now = Instant.now
    var limit = watched.map { ($0.end - now).wholeNanoseconds }.min() ?? 0
    // Without a bell (no descriptor was left for it) look again soon.
    if bell < 0 { limit = min(limit, 2_000_000) }
    var awaited = [creflink_readiness(descriptor: bell, for_writing: false, is_ready: false)]
    awaited += watched.map {
      creflink_readiness(
        descriptor: $0.wait.descriptor, for_writing: $0.wait.forWriting, is_ready: false)
    }
    _ = unsafe creflink_wait(&awaited, awaited.count, max(limit, 0))
    if awaited[0].is_ready { _ = creflink_hear(bell) }
    return awaited.dropFirst().map(\.is_ready)
  }
}

extension RunQueue.State {
  /// Work whose waiting is over goes to the end of the line.
  fileprivate mutating func release(_ isFinished: (RunQueue.Waiting) -> Bool) {
    var still: [RunQueue.Waiting] = []
    for entry in waiting {
      if isFinished(entry) { ready.append(entry.work) } else { still.append(entry) }
    }
    waiting = still
  }
}

/// First in, first out.
private struct Line: ~Copyable {
  private var entries: [(any Work)?] = []
  private var head = 0

  var count: Int { entries.count - head }
  var isEmpty: Bool { count == 0 }

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

/// Workers where nobody chose: one for each processor, at most 4.
func defaultWorkers() -> Int {
  min(max(Int(creflink_processors()), 1), 4)
}
