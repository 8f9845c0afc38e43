import Foundation
import Reflink
import SystemPackage
import TestSupport
import Testing

/// What happens where files cannot share: the next way down, and why.
@Suite(.onFileSystems, .timeLimit(.minutes(8))) struct FallbackTests {
  @Test(arguments: TestFileSystem.copying, [1, 4096, 300_000, (9 << 20) + 17])
  func offloadsAndSaysWhy(_ system: TestFileSystem, size: Int) async throws {
    try await withFolder(on: system) { folder in
      try folder.fill("a", size)
      let outcome = try syncCopy(folder.file("a"), folder.file("b"))
      #expect(outcome.method == .offloaded)
      #expect(outcome.fallback == .notSupported)
      #expect(outcome.total == Int64(size))
      #expect(try folder.read("a") == folder.read("b"))
    }
  }

  @Test(arguments: [TestFileSystem.ext4, .xfs, .btrfs, .tmpfs], [100, 300_000, (5 << 20) + 1])
  func copiesToAnotherFileSystem(_ target: TestFileSystem, size: Int) async throws {
    let source: TestFileSystem = target == .xfs ? .ext4 : .xfs
    try await withFolder(on: source) { folder in
      try await withFolder(on: target) { other in
        try folder.fill("a", size)
        let outcome = try syncCopy(folder.file("a"), other.file("b"))
        #expect(outcome.method == .copied)
        #expect(outcome.fallback == .otherFileSystem)
        #expect(outcome.offload == .refused(.otherFileSystem))
        #expect(outcome.copied == Int64(size))
        #expect(try folder.read("a") == other.read("b"))
      }
    }
  }

  @Test(arguments: TestFileSystem.copying)
  func aRequiredCloneFailsAndLeavesNothing(_ system: TestFileSystem) async throws {
    try await withFolder(on: system) { folder in
      try folder.fill("a", 5000)
      for partial in [PartialFileRule.remove, .keep] {
        let options = CopyOptions(cloning: .required, partialFiles: partial)
        let error = failure { try syncCopy(folder.file("a"), folder.file("b"), options) }
        #expect(error?.code == .notSupported(.notSupported))
        #expect(error?.errno == .notSupported)
        #expect(error?.source == folder.file("a"))
        #expect(error?.destination == folder.file("b"))
        #expect(error?.bytesDone == 0)
        #expect(error?.bytesLeft == 5000)
        #expect(try folder.names() == ["a"])
      }
    }
  }

  @Test(arguments: TestFileSystem.copying)
  func aRequiredCloneThatFailsDoesNotEmptyAnExistingFile(_ system: TestFileSystem) async throws {
    try await withFolder(on: system) { folder in
      try folder.fill("b", 7000)
      let before = try folder.read("b")
      for size in [0, 5000] {
        try folder.fill("a", size)
        let options = CopyOptions(cloning: .required)
        let error = failure { try syncCopy(folder.file("a"), folder.file("b"), options, .replace) }
        #expect(error?.code == .notSupported(.notSupported))
        #expect(try folder.read("b") == before)
      }
    }
  }

  @Test(arguments: TestFileSystem.clonable)
  func neverMeansDataOfItsOwn(_ system: TestFileSystem) async throws {
    try await withFolder(on: system) { folder in
      try folder.fill("a", 1 << 20)
      let outcome = try syncCopy(folder.file("a"), folder.file("b"), CopyOptions(cloning: .never))
      #expect(outcome.method == .copied)
      #expect(outcome.clone == .avoided)
      #expect(outcome.offload == .avoided)
      #expect(try folder.read("a") == folder.read("b"))
      #expect(try folder.sharedBytes("a", "b") == 0)
      #expect(try folder.extents("b").allSatisfy { !$0.isShared })
    }
  }

  @Test(arguments: [TestFileSystem.ext4, .xfs])
  func aWholeCopyHoldsNoBlocksPastItsEnd(_ system: TestFileSystem) async throws {
    try await withFolder(on: system) { folder in
      try folder.fill("a", (9 << 20) + 100)
      _ = try syncCopy(folder.file("a"), folder.file("b"), CopyOptions(cloning: .never))
      #expect(try folder.allocated("b") <= folder.allocated("a"))
    }
  }

  @Test func filesOfProcAndSysAreReadToTheirEnd() async throws {
    try await withFolder(on: .ext4) { folder in
      for source in [
        "/proc/version", "/proc/self/limits", "/sys/kernel/mm/transparent_hugepage/enabled",
      ]
      where FileManager.default.fileExists(atPath: source) {
        let outcome = try syncCopy(
          FilePath(source), folder.file("copy"), CopyOptions(preserving: .nothing), .replace)
        let expected = [UInt8](try Data(contentsOf: URL(fileURLWithPath: source)))
        #expect(!expected.isEmpty)
        #expect(try folder.read("copy") == expected)
        #expect(outcome.copied == Int64(expected.count))
      }
    }
  }

  @Test(arguments: TestFileSystem.main)
  func copiesPastFourGiB(_ system: TestFileSystem) async throws {
    try await withFolder(on: system) { folder in
      let end = 4 << 30
      try folder.makeSparse("a", size: end + 12345, data: [(0, 4096), (end - 2048, 8192)])
      for cloning in [Cloning.preferred, .never] {
        let outcome = try syncCopy(
          folder.file("a"), folder.file("b"), CopyOptions(cloning: cloning), .replace)
        #expect(outcome.total == Int64(end + 12345))
        for part in ["-n 8192", "-i \(end - 16384)"] {
          try await shell("cmp \(part) a b", in: folder.path)
        }
        #expect(try folder.allocated("b") < 1 << 20)
      }
    }
  }
}
