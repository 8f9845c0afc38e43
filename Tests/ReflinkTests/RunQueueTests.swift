import Foundation
import Synchronization
import Testing

@testable import Reflink

/// Turns at a few workers.
@Suite(.timeLimit(.minutes(20))) struct RunQueueTests {
  /// Ends its turns as it is told, and notes when it had one.
  fileprivate final class Piece: Work {
    let activity: Activity?
    private let name: String
    private let log: Log
    private let turns: Mutex<[Turn]>

    init(_ name: String, _ turns: [Turn], _ log: Log, _ activity: Activity? = nil) {
      self.name = name
      self.turns = Mutex(turns)
      self.log = log
      self.activity = activity
    }

    func take(_ turn: WorkerTurn) -> Turn {
      log.names.withLock { $0.append(name) }
      let end = turns.withLock { $0.removeFirst() }
      if end == .finished { log.remaining.subtract(1, ordering: .releasing) }
      return end
    }
  }

  fileprivate final class Log: Sendable {
    let names = Mutex<[String]>([])
    let remaining: Atomic<Int>
    init(_ count: Int) { remaining = Atomic(count) }
    var isDone: Bool { remaining.load(ordering: .acquiring) == 0 }

    func wait() async throws {
      while !isDone { try await Task.sleep(for: .milliseconds(1)) }
    }
  }

  /// Keeps its worker until it is told to end, and gives way whenever somebody waits, or never.
  fileprivate final class Busy: Work {
    private let isStopped = Atomic<Bool>(false)
    private let givesWay: Bool
    let turns = Atomic<Int>(0)
    var activity: Activity? { nil }

    init(givesWay: Bool = true) { self.givesWay = givesWay }

    func stop() { isStopped.store(true, ordering: .relaxed) }

    func take(_ turn: WorkerTurn) -> Turn {
      turns.add(1, ordering: .relaxed)
      while !isStopped.load(ordering: .relaxed) {
        if givesWay, turn.isOver { return .spent }
        usleep(200)
      }
      return .finished
    }
  }

  /// Busy work for each worker, which runs before this returns.
  private func occupy(_ queue: RunQueue, _ count: Int) async throws -> [Busy] {
    let busy = (0..<count).map { _ in Busy() }
    for work in busy { queue.submit(work) }
    while busy.contains(where: { $0.turns.load(ordering: .relaxed) == 0 }) {
      try await Task.sleep(for: .milliseconds(1))
    }
    return busy
  }

  @Test func whoeverIsSpentGoesToTheBack() async throws {
    let queue = RunQueue(threads: 1)
    let log = Log(2)
    // Both are in line before either has its first turn.
    let first = Busy(givesWay: false)
    queue.submit(first)
    queue.submit(Piece("a", [.spent, .spent, .finished], log))
    queue.submit(Piece("b", [.spent, .finished], log))
    first.stop()
    try await log.wait()
    #expect(log.names.withLock { $0 } == ["a", "b", "a", "b", "a"])
  }

  @Test func whoeverWaitsIsInNobodysWay() async throws {
    let queue = RunQueue(threads: 1)
    let log = Log(2)
    let start = ContinuousClock.now
    queue.submit(
      Piece("w", [.waiting(Wait(atMost: .milliseconds(200))), .finished], log))
    queue.submit(Piece("b", Array(repeating: .spent, count: 50) + [.finished], log))
    try await log.wait()
    let names = log.names.withLock { $0 }
    #expect(names.first == "w")
    #expect(names.count == 53)
    #expect(ContinuousClock.now - start >= .milliseconds(200))
  }

  @Test func aDescriptorEndsTheWait() async throws {
    let queue = RunQueue(threads: 1)
    let log = Log(1)
    let pipe = Pipe()
    let descriptor = pipe.fileHandleForReading.fileDescriptor
    let start = ContinuousClock.now
    queue.submit(
      Piece("p", [.waiting(Wait(descriptor: descriptor, atMost: .seconds(3600))), .finished], log))
    Thread.detachNewThread {
      usleep(20_000)
      pipe.fileHandleForWriting.write(Data([1]))
    }
    try await log.wait()
    withExtendedLifetime(pipe) {}
    #expect(ContinuousClock.now - start < .seconds(1800))
  }

  /// Of many that are ready at once none is overlooked, and a descriptor can be waited for again.
  /// (The optimiser would close a pipe after its last use: what waits for it never sees it.)
  @Test func aDescriptorIsWaitedForAgainAndAgain() async throws {
    let queue = RunQueue(threads: 2)
    let log = Log(20)
    let pipes = (0..<20).map { _ in Pipe() }
    for pipe in pipes {
      let wait = Wait(descriptor: pipe.fileHandleForReading.fileDescriptor, atMost: .seconds(60))
      pipe.fileHandleForWriting.write(Data([1]))
      queue.submit(
        Piece("p", Array(repeating: .waiting(wait), count: 50) + [.finished], log))
    }
    try await log.wait()
    withExtendedLifetime(pipes) {}
    #expect(log.names.withLock { $0.count } == 20 * 51)
  }

  @Test func whatIsReadyIsServedWhileAllWorkersAreBusy() async throws {
    let queue = RunQueue(threads: 2)
    let busy = try await occupy(queue, 2)
    let pipe = Pipe()
    let read = pipe.fileHandleForReading.fileDescriptor
    let log = Log(2)
    queue.submit(
      Piece("p", [.waiting(Wait(descriptor: read, atMost: .seconds(600))), .finished], log))
    queue.submit(Piece("t", [.waiting(Wait(atMost: .milliseconds(50))), .finished], log))
    while log.names.withLock({ $0.count }) < 2 { try await Task.sleep(for: .milliseconds(1)) }
    pipe.fileHandleForWriting.write(Data([1]))
    try await log.wait()
    withExtendedLifetime(pipe) {}
    for work in busy { work.stop() }
  }

  @Test func whatWaitsSeesItsCancellationWhileAllWorkersAreBusy() async throws {
    let queue = RunQueue(threads: 2)
    let busy = try await occupy(queue, 2)
    let log = Log(2)
    let activity = Activity(nil)
    let cancelled = Activity(nil)
    cancelled.cancel()
    let wait = Turn.waiting(Wait(atMost: .seconds(3600)))
    queue.submit(Piece("a", [wait, .finished], log, activity))
    // Before it waits is as good as after that.
    queue.submit(Piece("b", [wait, .finished], log, cancelled))
    while log.names.withLock({ $0.count }) < 3 { try await Task.sleep(for: .milliseconds(1)) }
    activity.cancel()
    try await log.wait()
    for work in busy { work.stop() }
  }

  @Test func whatHasWaitedDoesNotKeepOutWhatIsNew() async throws {
    let queue = RunQueue(threads: 1)
    // Ready again at once, every time.
    let restless = Log(1)
    queue.submit(
      Piece(
        "r", Array(repeating: .waiting(Wait(atMost: .zero)), count: 3000) + [.finished], restless)
    )
    let log = Log(1)
    queue.submit(Piece("n", Array(repeating: .spent, count: 20) + [.finished], log))
    try await log.wait()
    try await restless.wait()
  }

  /// All workers busy, submitters that come and go, waits that only a
  /// cancellation ends, cancellations from other threads: every piece of work ends, once.
  @Test func nothingIsLostInALongRun() async throws {
    let seed = UInt64.random(in: 0 ... .max)
    print("seed \(seed)")
    let queue = RunQueue(threads: 3)
    let busy = try await occupy(queue, 2)
    let (threads, rounds, pieces) = (4, 130, 200)
    let log = Counter(threads * rounds * pieces)
    for thread in 0..<threads {
      Thread.detachNewThread {
        var generator = Generator(state: seed &+ UInt64(thread))
        for _ in 0..<rounds {
          // A thread of its own for each round, which ends long before its work.
          let done = DispatchSemaphore(value: 0)
          let round = generator.next()
          Thread.detachNewThread {
            var generator = Generator(state: round)
            let activities = (0..<4).map { _ in Activity(nil) }
            for _ in 0..<pieces {
              let activity = activities[Int(generator.next() % 4)]
              let work = Wanderer(generator.next(), log, activity)
              queue.submit(work)
            }
            // Half of all waits have no other end.
            for activity in activities { activity.cancel() }
            done.signal()
          }
          done.wait()
        }
      }
    }
    while log.remaining.load(ordering: .acquiring) > 0 {
      try await Task.sleep(for: .milliseconds(5))
    }
    #expect(log.remaining.load(ordering: .acquiring) == 0)
    #expect(threads * rounds * pieces >= 100_000)
    for work in busy { work.stop() }
  }

  fileprivate final class Counter: Sendable {
    let remaining: Atomic<Int>
    init(_ count: Int) { remaining = Atomic(count) }
    func finish() { remaining.subtract(1, ordering: .acquiringAndReleasing) }
  }

  fileprivate struct Generator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state >> 11
    }
  }

  /// Takes some turns, each with another end.
  fileprivate final class Wanderer: Work {
    let activity: Activity?
    private let log: Counter
    private let state: Mutex<Generator>
    private let hasEnded = Atomic<Bool>(false)

    init(_ seed: UInt64, _ log: Counter, _ activity: Activity) {
      state = Mutex(Generator(state: seed))
      self.log = log
      self.activity = activity
    }

    func take(_ turn: WorkerTurn) -> Turn {
      let kind = state.withLock { $0.next() % 8 }
      switch kind {
      case 0, 1: return .spent
      case 2: return .waiting(Wait(atMost: .microseconds(kind * 300)))
      // Only its cancellation ends this one, which may have come already.
      case 3: return .waiting(Wait(atMost: .seconds(86400)))
      default:
        let wasEnded = hasEnded.exchange(true, ordering: .acquiringAndReleasing)
        if !wasEnded { log.finish() }
        return .finished
      }
    }
  }
}

extension Work {
  func ending() -> (@Sendable () -> Void)? { nil }
  func abandon(_ error: SystemError) {}
}
