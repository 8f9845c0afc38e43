import Foundation
import Reflink
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// A whole clone of a fragmented source: watched, and ready to be ended.
@Suite(.onFileSystems, .timeLimit(.minutes(20)), .serialized) struct LongCloneTests {
  @Test(arguments: [TestFileSystem.xfs, .btrfs])
  func runsInAHelperAndSharesAll(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try directory.makeFragmented("a", extents: 4000)
      let outcome = try syncCopy(directory.file("a"), directory.file("b"))
      #expect(outcome.execution == .helper)
      #expect(outcome.method == .cloned)
      #expect(try directory.read("a") == directory.read("b"))
      #expect(try directory.sharedBytes("a", "b") == directory.dataBytes("a"))
    }
  }

  @Test func shortAndUnfragmentedFilesNeedNoHelper() async throws {
    try await withDirectory(on: .xfs) { directory in
      try directory.makeFragmented("short", extents: 1500)
      try directory.fill("plain", 32 << 20)
      for name in ["short", "plain"] {
        let outcome = try syncCopy(
          directory.file(name), directory.file("b"), CopyOptions(), .replace)
        #expect(outcome.execution == .inline)
        #expect(outcome.method == .cloned)
      }
    }
  }

  @Test func whatCannotBeClonedNeedsNoHelper() async throws {
    // ext4 shows extents too, and cannot clone.
    try await withDirectory(on: .ext4) { directory in
      try directory.makeFragmented("a", extents: 4000)
      let outcome = try syncCopy(directory.file("a"), directory.file("b"))
      #expect(outcome.execution == .inline)
      #expect(outcome.fallback == .notSupported)
      #expect(outcome.method == .offloaded)
      #expect(try directory.read("a") == directory.read("b"))
      #expect(try directory.allocated("b") <= directory.allocated("a"))
    }
  }

  @Test(arguments: [TestFileSystem.xfs, .btrfs])
  func showsProgressAndCanBeCancelled(_ system: TestFileSystem) async throws {
    let isMet = try await meetsUnderWay { factor in
      try await withDirectory(on: system) { directory in
        let extents = 30_000 * factor
        try directory.makeFragmented("a", extents: extents)
        let descriptors = try directory.openDescriptors()
        let controller = CopyController()
        // Progress is seen before the end, and cancelling ends it there.
        let failed = failure {
          try whileWatched {
            if controller.progress.bytesDone > 0 { controller.cancel() }
          } _: {
            _ = try syncCopy(directory.file("a"), directory.file("b"), controller: controller)
          }
        }
        guard let error = failed else { return false }
        #expect(error.code == .cancelled)
        #expect(error.bytesDone > 0)
        #expect(error.bytesDone + (error.bytesRemaining ?? 0) == Int64(extents) * 8192)
        #expect(try await directory.settledNames(["a"]) == ["a"])
        #expect(descriptors == 0)
        #expect(try await directory.settledDescriptors() == 0)
        // Nothing is held: the source can be cloned whole afterwards.
        #expect(try syncCopy(directory.file("a"), directory.file("c")).method == .cloned)
        return true
      }
    }
    #expect(isMet)
  }

  /// Whoever waits for the answer need not wait for the clone.
  @Test(arguments: [TestFileSystem.xfs, .btrfs])
  func itsMethodIsKnownAtOnce(_ system: TestFileSystem) async throws {
    let isMet = try await meetsUnderWay { factor in
      try await withDirectory(on: system) { directory in
        let extents = 30_000 * factor
        try directory.makeFragmented("a", extents: extents)
        let controller = CopyController()
        let first = Mutex<CopyProgress?>(nil)
        try whileWatched {
          let progress = controller.progress
          if progress.method != nil { first.withLock { $0 = $0 ?? progress } }
        } _: {
          _ = try Blocking.cloneFile(
            directory.file("a"), to: directory.file("b"), controller: controller)
        }
        guard let progress = first.withLock({ $0 }) else { return false }
        #expect(progress.method == .cloned)
        return progress.bytesDone < Int64(extents) * 8192 && !progress.isFinished
      }
    }
    #expect(isMet)
  }

  @Test func cancellingTheTaskCancelsTheCopy() async throws {
    let isMet = try await meetsUnderWay { factor in
      try await withDirectory(on: .xfs) { directory in
        try directory.makeFragmented("a", extents: 30_000 * factor)
        let copying = Task.detached {
          try await copyFile(directory.file("a"), to: directory.file("b"))
        }
        try await onThread {
          while !directory.exists("b") { usleep(1000) }
          copying.cancel()
        }.value
        guard let error = await copying.failure else { return false }
        #expect(error.code == .cancelled)
        #expect(try await directory.settledNames(["a"]) == ["a"])
        return true
      }
    }
    #expect(isMet)
  }
}

extension Task where Failure == any Error {
  /// The library's error that the task ended with.
  var failure: ReflinkError? {
    get async {
      if case .failure(let error) = await result { return error as? ReflinkError }
      return nil
    }
  }
}
