import Foundation
import Reflink
import SystemPackage
import TestSupport
import Testing

/// Copies as handles: progress, typed errors and cancellation in one place.
@Suite(.onFileSystems, .timeLimit(.minutes(20)), .serialized) struct RunningCopyTests {
  @Test func tellsItsMethodItsProgressAndItsOutcome() async throws {
    try await withDirectory(on: .xfs) { directory in
      try directory.makeFragmented("a", extents: 40_000)
      let cloning = startCloningFile(directory.file("a"), to: directory.file("b"))
      #expect(try await cloning.started == .cloned)
      var last = 0.0
      for await progress in cloning.progress {
        let fraction = try #require(progress.fraction)
        #expect(fraction >= last)
        last = fraction
      }
      #expect(last == 1)
      let outcome = try await cloning.outcome
      #expect(outcome.method == .cloned)
      #expect(try await cloning.outcome == outcome)
      #expect(try await cloning.started == .cloned)
    }
  }

  @Test(arguments: [(TestFileSystem.ext4, CopyOutcome.Method.offloaded), (.tmpfs, .offloaded)])
  func tellsWhatItFallsBackTo(
    _ system: TestFileSystem, _ method: CopyOutcome.Method
  ) async throws {
    try await withDirectory(on: system) { directory in
      try directory.fill("a", 24 << 20)
      let copying = startCopyingFile(directory.file("a"), to: directory.file("b"))
      #expect(try await copying.started == method)
      #expect(try await copying.outcome.method == method)
    }
  }

  /// Errors are of one type throughout, and those of the operands come this way too.
  @Test func throwsTypedErrors() async throws {
    try await withDirectory(on: .ext4) { directory in
      try directory.fill("a", 100)
      let refused = startCloningFile(directory.file("a"), to: directory.file("b"))
      do throws(ReflinkError) {
        _ = try await refused.started
        Issue.record("ext4 clones")
      } catch {
        #expect(error.code == .notSupported(.notSupported))
      }
      for await progress in refused.progress { #expect(progress.isFinished) }
      let missing = startCopyingTree(directory.file("x/y"), to: directory.file("z"))
      do throws(ReflinkError) {
        _ = try await missing.outcome
        Issue.record("it is not there")
      } catch {
        #expect(error.code == .notFound)
        #expect(error.source == directory.file("x/y"))
      }
      #expect(try directory.names() == ["a"])
    }
  }

  @Test func anEmptyTreeMovesNoData() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell("mkdir -p s/d", in: directory.path)
      let copying = startCopyingTree(directory.file("s"), to: directory.file("t"))
      #expect(try await copying.started == nil)
      #expect(try await copying.outcome.directories == 2)
    }
  }

  @Test func isCancelledByItselfAndWithWhoeverAwaitsIt() async throws {
    try await withDirectory(on: .xfs) { directory in
      await #expect(processExitsWith: .success) { [directory = directory as TestDirectory] in
        limitThisProcess()
        let isMet = try await meetsUnderWay { factor in
          for name in try directory.names() { unlink(directory[name]) }
          try directory.makeFragmented("a", extents: 60_000 * factor)
          let copies = (0..<4).map {
            startCloningFile(directory.file("a"), to: directory.file("b\($0)"))
          }
          copies[3].cancel()
          let awaiting = Task { try await copies[2].outcome }
          awaiting.cancel()
          let awaited = await awaiting.failure
          copies[1].cancel()
          // The first goes on.
          #expect(try await copies[0].outcome.method == .cloned)
          for copy in [copies[3], copies[1]] {
            do {
              _ = try await copy.outcome
              return false
            } catch {
              #expect((error as? ReflinkError)?.code == .cancelled)
            }
          }
          guard let awaited else { return false }
          #expect(awaited.code == .cancelled)
          #expect(try await directory.settledNames(["a", "b0"]) == ["a", "b0"])
          return true
        }
        #expect(isMet)
      }
    }
  }

  /// One total, and each of its copies can be cancelled alone.
  @Test func childrenCountForTheirParent() async throws {
    try await withDirectory(on: .ext4) { directory in
      for name in ["a", "b", "c"] { try directory.fill(name, 20 << 20) }
      let total = CopyController(expecting: 60 << 20)
      let copies = ["a", "b", "c"].map { name in
        startCopyingFile(
          directory.file(name), to: directory.file("\(name)2"), controller: total)
      }
      var last = 0.0
      for await progress in total.updates() {
        #expect(progress.bytesExpected == 60 << 20)
        let fraction = try #require(progress.fraction)
        #expect(fraction >= last)
        last = fraction
      }
      for copy in copies { _ = try await copy.outcome }
      #expect(total.progress.fraction == 1)
      #expect(total.progress.filesDone == 3)

      let child = total.child()
      child.cancel()
      #expect(!total.isCancelled)
      total.cancel()
      #expect(total.child().isCancelled)
      let late = startCopyingFile(
        directory.file("a"), to: directory.file("late"), controller: total)
      await #expect(throws: ReflinkError.self) { try await late.outcome }
    }
  }
}
