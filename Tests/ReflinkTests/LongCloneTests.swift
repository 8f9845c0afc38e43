import Foundation
import Reflink
import SystemPackage
import TestSupport
import Testing

/// A whole clone of a fragmented source: watched, and ready to be ended.
@Suite(.onFileSystems, .timeLimit(.minutes(8)), .serialized) struct LongCloneTests {
  @Test(arguments: [TestFileSystem.xfs, .btrfs])
  func runsInAHelperAndSharesAll(_ system: TestFileSystem) async throws {
    try await withFolder(on: system) { folder in
      try folder.makeFragmented("a", extents: 4000)
      let outcome = try syncCopy(folder.file("a"), folder.file("b"))
      #expect(outcome.execution == .helper)
      #expect(outcome.method == .cloned)
      #expect(try folder.read("a") == folder.read("b"))
      #expect(try folder.sharedBytes("a", "b") == folder.dataBytes("a"))
    }
  }

  @Test func shortAndUnfragmentedFilesNeedNoHelper() async throws {
    try await withFolder(on: .xfs) { folder in
      try folder.makeFragmented("short", extents: 1500)
      try folder.fill("plain", 32 << 20)
      for name in ["short", "plain"] {
        let outcome = try syncCopy(folder.file(name), folder.file("b"), CopyOptions(), .replace)
        #expect(outcome.execution == .inline)
        #expect(outcome.method == .cloned)
      }
    }
  }

  @Test func aHelperThatIsRefusedFallsBackLikeAnyOther() async throws {
    // ext4 shows extents too, and cannot clone: the helper says so.
    try await withFolder(on: .ext4) { folder in
      try folder.makeFragmented("a", extents: 4000)
      let outcome = try syncCopy(folder.file("a"), folder.file("b"))
      #expect(outcome.execution == .helper)
      #expect(outcome.fallback == .notSupported)
      #expect(outcome.method == .offloaded)
      #expect(try folder.read("a") == folder.read("b"))
      #expect(try folder.allocated("b") <= folder.allocated("a"))
    }
  }

  @Test(arguments: [TestFileSystem.xfs, .btrfs])
  func showsProgressAndCanBeCancelled(_ system: TestFileSystem) async throws {
    try await withFolder(on: system) { folder in
      try folder.makeFragmented("a", extents: 30_000)
      let descriptors = try folder.openDescriptors()
      let control = Control()
      // Progress is seen before the end, and cancelling ends it there.
      let failed = failure {
        try whileWatched {
          if control.progress.bytesDone > 0 { control.cancel() }
        } _: {
          _ = try syncCopy(folder.file("a"), folder.file("b"), control: control)
        }
      }
      let error = try #require(failed, "30,000 extents were cloned before the first look")
      #expect(error.code == .cancelled)
      #expect(error.bytesDone > 0)
      #expect(error.bytesDone + (error.bytesLeft ?? 0) == 30_000 * 8192)
      #expect(try folder.names() == ["a"])
      #expect(try folder.openDescriptors() == descriptors)
      // Nothing is held: the source can be cloned whole afterwards.
      #expect(try syncCopy(folder.file("a"), folder.file("c")).method == .cloned)
    }
  }

  @Test func cancellingTheTaskCancelsTheCopy() async throws {
    try await withFolder(on: .xfs) { folder in
      try folder.makeFragmented("a", extents: 30_000)
      let copying = Task.detached { try await copy(folder.file("a"), to: folder.file("b")) }
      while !folder.exists("b") { try await Task.sleep(for: .microseconds(1000)) }
      copying.cancel()
      let error = await copying.failure
      #expect(error?.code == .cancelled)
      #expect(try folder.names() == ["a"])
    }
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
