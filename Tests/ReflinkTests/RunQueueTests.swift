import Foundation
import Synchronization
import Testing

@testable import Reflink

/// Turns at a few workers.
@Suite(.timeLimit(.minutes(1))) struct RunQueueTests {
  /// Ends its turn as it is told, and notes when it had one.
  private final class Piece: Work {
    private let name: String
    private let log: Log
    private let turns: Mutex<[Turn]>

    init(_ name: String, _ turns: [Turn], _ log: Log) {
      self.name = name
      self.turns = Mutex(turns)
      self.log = log
    }

    func take(_ turn: WorkerTurn) -> Turn {
      log.names.withLock { $0.append(name) }
      let end = turns.withLock { $0.removeFirst() }
      if end == .finished { log.left.subtract(1, ordering: .releasing) }
      return end
    }
  }

  private final class Log: Sendable {
    let names = Mutex<[String]>([])
    let left: Atomic<Int>
    init(_ count: Int) { left = Atomic(count) }
    var isDone: Bool { left.load(ordering: .acquiring) == 0 }
  }

  @Test func whoeverIsSpentGoesToTheBack() throws {
    let queue = RunQueue(threads: 0)
    let log = Log(2)
    // Without threads of its own, only the caller works.
    let first = Piece("a", [.spent, .spent, .finished], log)
    try queue.submit(Piece("b", [.spent, .finished], log))
    queue.work(first: first) { log.isDone }
    #expect(log.names.withLock { $0 } == ["a", "b", "a", "b", "a"])
  }

  @Test func whoeverWaitsIsInNobodysWay() throws {
    let queue = RunQueue(threads: 0)
    let log = Log(2)
    let start = ContinuousClock.now
    let waiting = Piece("w", [.waiting(Wait(atMost: .milliseconds(200))), .finished], log)
    queue.putBack(
      Piece("b", Array(repeating: .spent, count: 50) + [.finished], log),
      until: Wait(atMost: .zero))
    queue.work(first: waiting) { log.isDone }
    let names = log.names.withLock { $0 }
    #expect(names.first == "w")
    #expect(names.last == "w")
    #expect(names.count == 53)
    #expect(ContinuousClock.now - start >= .milliseconds(200))
  }

  @Test func aDescriptorEndsTheWait() throws {
    let queue = RunQueue(threads: 0)
    let log = Log(1)
    let pipe = Pipe()
    let descriptor = pipe.fileHandleForReading.fileDescriptor
    let start = ContinuousClock.now
    Thread.detachNewThread {
      usleep(20_000)
      pipe.fileHandleForWriting.write(Data([1]))
    }
    queue.work(
      first: Piece(
        "p", [.waiting(Wait(descriptor: descriptor, atMost: .seconds(30))), .finished], log)
    ) { log.isDone }
    #expect(ContinuousClock.now - start < .seconds(20))
  }

  @Test func nothingIsLostBetweenManySubmittersAndWorkers() async throws {
    let queue = RunQueue(threads: 3)
    let count = 4 * 500
    let log = Log(count)
    for submitter in 0..<4 {
      Thread.detachNewThread {
        for index in 0..<500 {
          let turns: [Turn] = index % 3 == 0 ? [.spent, .finished] : [.finished]
          try? queue.submit(Piece("\(submitter)", turns, log))
        }
      }
    }
    while !log.isDone { try await Task.sleep(for: .milliseconds(2)) }
    #expect(log.names.withLock { $0.count } == count + 4 * 167)
  }

  @Test func whoeverWaitsForAnEndIsWoken() async throws {
    // Many times, since what is missed here is missed rarely.
    for _ in 0..<300 {
      let queue = RunQueue(threads: 1)
      let ended = Atomic<Bool>(false)
      let work = Ending {
        ended.store(true, ordering: .releasing); queue.wakeAll()
      }
      try queue.submit(work)
      await withCheckedContinuation { continuation in
        Thread.detachNewThread {
          queue.work { ended.load(ordering: .acquiring) }
          continuation.resume()
        }
      }
    }
  }

  private final class Ending: Work {
    private let end: @Sendable () -> Void
    init(_ end: @escaping @Sendable () -> Void) { self.end = end }
    func take(_ turn: WorkerTurn) -> Turn {
      end()
      return .finished
    }
  }
}
