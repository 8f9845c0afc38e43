import Foundation
import Reflink
import SystemPackage
import TestSupport
import Testing

/// What happens where files cannot share: the next way down, and why.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct FallbackTests {
  @Test(arguments: TestFileSystem.copying, [1, 4096, 300_000, (9 << 20) + 17])
  func offloadsAndSaysWhy(_ system: TestFileSystem, size: Int) async throws {
    try await withDirectory(on: system) { directory in
      try directory.fill("a", size)
      let outcome = try syncCopy(directory.file("a"), directory.file("b"))
      #expect(outcome.method == .offloaded)
      #expect(outcome.fallback == .notSupported)
      #expect(outcome.total == Int64(size))
      #expect(try directory.read("a") == directory.read("b"))
    }
  }

  @Test(arguments: [TestFileSystem.ext4, .xfs, .btrfs, .tmpfs], [100, 300_000, (5 << 20) + 1])
  func copiesToAnotherFileSystem(_ target: TestFileSystem, size: Int) async throws {
    let source: TestFileSystem = target == .xfs ? .ext4 : .xfs
    try await withDirectory(on: source) { directory in
      try await withDirectory(on: target) { other in
        try directory.fill("a", size)
        let outcome = try syncCopy(directory.file("a"), other.file("b"))
        #expect(outcome.method == .copied)
        #expect(outcome.fallback == .otherFileSystem)
        #expect(outcome.offload == .refused(.otherFileSystem))
        #expect(outcome.copied == Int64(size))
        #expect(try directory.read("a") == other.read("b"))
      }
    }
  }

  @Test(arguments: TestFileSystem.copying)
  func aRequiredCloneFailsAndLeavesNothing(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try directory.fill("a", 5000)
      for partial in [CopyOptions.PartialFiles.remove, .keep] {
        let options = CopyOptions(cloning: .required, partialFiles: partial)
        let error = failure { try syncCopy(directory.file("a"), directory.file("b"), options) }
        #expect(error?.code == .notSupported(.notSupported))
        #expect(error?.errno == .notSupported)
        #expect(error?.source == directory.file("a"))
        #expect(error?.destination == directory.file("b"))
        #expect(error?.bytesDone == 0)
        #expect(error?.bytesRemaining == 5000)
        #expect(try directory.names() == ["a"])
      }
    }
  }

  @Test(arguments: TestFileSystem.copying)
  func aRequiredCloneThatFailsDoesNotEmptyAnExistingFile(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try directory.fill("b", 7000)
      let before = try directory.read("b")
      for size in [0, 5000] {
        try directory.fill("a", size)
        let options = CopyOptions(cloning: .required)
        let error = failure {
          try syncCopy(directory.file("a"), directory.file("b"), options, .replace)
        }
        #expect(error?.code == .notSupported(.notSupported))
        #expect(try directory.read("b") == before)
      }
    }
  }

  @Test(arguments: TestFileSystem.clonable)
  func neverMeansDataOfItsOwn(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try directory.fill("a", 1 << 20)
      let outcome = try syncCopy(
        directory.file("a"), directory.file("b"), CopyOptions(cloning: .never))
      #expect(outcome.method == .copied)
      #expect(outcome.clone == .avoided)
      #expect(outcome.offload == .avoided)
      #expect(try directory.read("a") == directory.read("b"))
      #expect(try directory.sharedBytes("a", "b") == 0)
      #expect(try directory.extents("b").allSatisfy { !$0.isShared })
    }
  }

  @Test(arguments: [TestFileSystem.ext4, .xfs])
  func aWholeCopyHoldsNoBlocksPastItsEnd(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try directory.fill("a", (9 << 20) + 100)
      _ = try syncCopy(directory.file("a"), directory.file("b"), CopyOptions(cloning: .never))
      #expect(try directory.allocated("b") <= directory.allocated("a"))
    }
  }

  @Test func filesOfProcAndSysAreReadToTheirEnd() async throws {
    try await withDirectory(on: .ext4) { directory in
      for source in [
        "/proc/version", "/proc/self/limits", "/sys/kernel/mm/transparent_hugepage/enabled",
      ]
      where FileManager.default.fileExists(atPath: source) {
        let outcome = try syncCopy(
          FilePath(source), directory.file("copy"), CopyOptions(preserving: .nothing), .replace)
        let expected = [UInt8](try Data(contentsOf: URL(fileURLWithPath: source)))
        #expect(!expected.isEmpty)
        #expect(try directory.read("copy") == expected)
        #expect(outcome.copied == Int64(expected.count))
      }
    }
  }

  @Test(arguments: TestFileSystem.main)
  func copiesPastFourGiB(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      let end = 4 << 30
      try directory.makeSparse("a", size: end + 12345, data: [(0, 4096), (end - 2048, 8192)])
      for cloning in [CopyOptions.Cloning.preferred, .never] {
        let outcome = try syncCopy(
          directory.file("a"), directory.file("b"), CopyOptions(cloning: cloning), .replace)
        #expect(outcome.total == Int64(end + 12345))
        for part in ["-n 8192", "-i \(end - 16384)"] {
          try await shell("cmp \(part) a b", in: directory.path)
        }
        #expect(try directory.occupied("b") < 1 << 20)
      }
    }
  }
}
