import Foundation
import Reflink
import SystemPackage
import TestSupport
import Testing

/// The asynchronous twins: the same outcome, and no thread of the cooperative pool held.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct AsynchronousTests {
  @Test func givesTheSameOutcomeAndError() async throws {
    try await withDirectory(on: .xfs) { directory in
      try directory.fill("a", 100_000)
      let outcome = try await copyFile(directory.file("a"), to: directory.file("b"))
      #expect(outcome == (try syncCopy(directory.file("a"), directory.file("c"))))
      do throws(ReflinkError) {
        _ = try await copyFile(directory.file("a"), to: directory.file("b"))
        Issue.record("the name is taken")
      } catch {
        // Typed: no cast.
        #expect(error.code == .exists)
      }
      let range = try await copyRange(
        from: directory.file("a"), range: 0..<8192, to: directory.file("r"), at: 0)
      #expect(range.cloned == 8192)
    }
  }

  @Test func manyCopiesWaitWithoutHoldingThePool() async throws {
    try await withDirectory(on: .ext4) { directory in
      // More waiting copies than the pool has threads: each reads a FIFO that
      // nobody writes to until all of them have been started.
      try await shell("for i in {1..20}; do mkfifo f$i; done", in: directory.path)
      let options = CopyOptions(preserving: .nothing, specialFiles: .readContents)
      try await withThrowingTaskGroup(of: Int64.self) { group in
        for index in 1...20 {
          group.addTask {
            try await copyFile(
              directory.file("f\(index)"), to: directory.file("c\(index)"), options: options
            )
            .copied
          }
        }
        // This task still gets its turn.
        try await shell("for i in {1..20}; do echo data > f$i; done", in: directory.path)
        for try await copied in group { #expect(copied == 5) }
      }
    }
  }

  @Test func aTaskThatWasCancelledBeforeItBeganMakesNothing() async throws {
    try await withDirectory(on: .xfs) { directory in
      try directory.fill("a", 100_000)
      let task = Task.detached {
        while !Task.isCancelled { await Task.yield() }
        return try await copyFile(directory.file("a"), to: directory.file("b"))
      }
      task.cancel()
      #expect(await task.failure?.code == .cancelled)
      #expect(try directory.names() == ["a"])
    }
  }

  @Test func aRangeIsCancelledWithItsTask() async throws {
    try await withDirectory(on: .xfs) { directory in
      let extents = 5000
      try directory.makeFragmented("a", extents: extents)
      for delay in [0, 5, 20] {
        let task = Task.detached {
          try await copyRange(
            from: directory.file("a"), range: 0..<Int64(extents) * 8192, to: directory.file("b"),
            at: 0)
        }
        try await Task.sleep(for: .milliseconds(delay))
        task.cancel()
        if let error = await task.failure {
          #expect(error.code == .cancelled)
          #expect(
            delay == 0 || error.bytesDone + (error.bytesRemaining ?? 0) == Int64(extents) * 8192)
          #expect(try directory.names() == ["a"])
        }
        unlink(directory["b"])
      }
    }
  }
}
