import Foundation
import Reflink
import SystemPackage
import TestSupport
import Testing

/// The asynchronous twins: the same outcome, and no thread of the cooperative pool held.
@Suite(.onFileSystems, .timeLimit(.minutes(8))) struct AsynchronousTests {
  @Test func givesTheSameOutcomeAndError() async throws {
    try await withFolder(on: .xfs) { folder in
      try folder.fill("a", 100_000)
      let outcome = try await copy(folder.file("a"), to: folder.file("b"))
      #expect(outcome == (try syncCopy(folder.file("a"), folder.file("c"))))
      do throws(ReflinkError) {
        _ = try await copy(folder.file("a"), to: folder.file("b"))
        Issue.record("the name is taken")
      } catch {
        // Typed: no cast.
        #expect(error.code == .exists)
      }
      let range = try await cloneRange(
        from: folder.file("a"), range: 0..<8192, to: folder.file("r"), at: 0)
      #expect(range.cloned == 8192)
    }
  }

  @Test func manyCopiesWaitWithoutHoldingThePool() async throws {
    try await withFolder(on: .ext4) { folder in
      // More waiting copies than the pool has threads: each reads a FIFO that
      // nobody writes to until all of them have been started.
      try await shell("for i in {1..20}; do mkfifo f$i; done", in: folder.path)
      let options = CopyOptions(preserving: .nothing, specialFiles: .readContents)
      try await withThrowingTaskGroup(of: Int64.self) { group in
        for index in 1...20 {
          group.addTask {
            try await copy(folder.file("f\(index)"), to: folder.file("c\(index)"), options: options)
              .copied
          }
        }
        // This task still gets its turn.
        try await shell("for i in {1..20}; do echo data > f$i; done", in: folder.path)
        for try await copied in group { #expect(copied == 5) }
      }
    }
  }

  @Test func aTaskThatWasCancelledBeforeItBeganMakesNothing() async throws {
    try await withFolder(on: .xfs) { folder in
      try folder.fill("a", 100_000)
      let task = Task.detached {
        while !Task.isCancelled { await Task.yield() }
        return try await copy(folder.file("a"), to: folder.file("b"))
      }
      task.cancel()
      #expect(await task.failure?.code == .cancelled)
      #expect(try folder.names() == ["a"])
    }
  }

  @Test func aRangeIsCancelledWithItsTask() async throws {
    try await withFolder(on: .xfs) { folder in
      let extents = 5000
      try folder.makeFragmented("a", extents: extents)
      for delay in [0, 5, 20] {
        let task = Task.detached {
          try await cloneRange(
            from: folder.file("a"), range: 0..<Int64(extents) * 8192, to: folder.file("b"), at: 0)
        }
        try await Task.sleep(for: .milliseconds(delay))
        task.cancel()
        if let error = await task.failure {
          #expect(error.code == .cancelled)
          #expect(delay == 0 || error.bytesDone + (error.bytesLeft ?? 0) == Int64(extents) * 8192)
          #expect(try folder.names() == ["a"])
        }
        unlink(folder["b"])
      }
    }
  }
}
