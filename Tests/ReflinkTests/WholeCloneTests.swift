import Reflink
import SystemPackage
import TestSupport
import Testing

/// One FICLONE of a whole file: shared, independent, and without a cost in space.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct WholeCloneTests {
  @Test(arguments: TestFileSystem.clonable, [1, 2000, 4096, 100_000, 1 << 20, (1 << 20) + 123])
  func sharesAllData(_ system: TestFileSystem, size: Int) async throws {
    try await withDirectory(on: system) { directory in
      try directory.fill("a", size)
      let outcome = try syncCopy(directory.file("a"), directory.file("b"))
      #expect(outcome.method == .cloned)
      #expect(outcome.cloned == Int64(size))
      #expect(outcome.total == Int64(size))
      #expect(outcome.fallback == nil)
      #expect(try directory.read("a") == directory.read("b"))
      // Btrfs keeps short files beside their inode: cloned, with nothing to share.
      if system.isBtrfs, size <= 2048 {
        #expect(try directory.extents("b").allSatisfy { $0.isInline })
      } else {
        #expect(try directory.sharedBytes("a", "b") == directory.dataBytes("a"))
        #expect(try directory.dataBytes("a") >= size)
      }
    }
  }

  @Test(arguments: TestFileSystem.clonable)
  func writingToTheCopyUnsharesItAndLeavesTheSource(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try directory.fill("a", 1 << 20)
      let before = try directory.read("a")
      _ = try syncCopy(directory.file("a"), directory.file("b"))
      let own = randomBytes(4096)
      try directory.overwrite("b", at: 512 << 10, own)
      #expect(try directory.read("a") == before)
      #expect(try Array(directory.read("b")[(512 << 10)..<(516 << 10)]) == own)
      #expect(try directory.sharedBytes("a", "b") == (1 << 20) - 4096)
    }
  }

  @Test(arguments: [TestFileSystem.quietXfs, .quietBtrfs])
  func takesNoSpace(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      let size = 64 << 20
      try directory.fill("a", size)
      let before = try directory.free()
      _ = try syncCopy(directory.file("a"), directory.file("b"))
      #expect(try before - directory.free() < size / 10)
    }
  }

  @Test(arguments: TestFileSystem.clonable)
  func replacesALongerFileWhole(_ system: TestFileSystem) async throws {
    // FICLONE into a longer file keeps its tail, or refuses odd sizes with EINVAL.
    try await withDirectory(on: system) { directory in
      try directory.fill("a", 100_123)
      try directory.fill("b", 400_000)
      let options = CopyOptions(cloning: .required)
      _ = try syncCopy(directory.file("a"), directory.file("b"), options, .replace)
      #expect(try directory.read("a") == directory.read("b"))
      #expect(try directory.sharedBytes("a", "b") > 0)
    }
  }

  @Test(arguments: TestFileSystem.all)
  func copiesAnEmptyFile(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try directory.write("a", [])
      try directory.fill("b", 5000)
      #expect(try syncCopy(directory.file("a"), directory.file("c")).total == 0)
      _ = try syncCopy(directory.file("a"), directory.file("b"), CopyOptions(), .replace)
      #expect(try directory.read("b").isEmpty)
      #expect(try directory.read("c").isEmpty)
    }
  }

  @Test func sharesBetweenSubvolumesAndFromAReadOnlySnapshot() async throws {
    try await withDirectory(on: .btrfs, in: "one") { directory in
      try await withDirectory(on: .btrfs, in: "two") { other in
        try directory.fill("a", 1 << 20)
        let outcome = try syncCopy(
          directory.file("a"), other.file("b"), CopyOptions(cloning: .required))
        #expect(outcome.method == .cloned)
        let snapshot = FilePath("\(TestFileSystem.btrfs.root)/snapshot/kept")
        #expect(try syncCopy(snapshot, other.file("kept")).method == .cloned)
        #expect(throws: ReflinkError.self) {
          try syncCopy(directory.file("a"), FilePath("\(TestFileSystem.btrfs.root)/snapshot/new"))
        }
      }
    }
  }

  @Test func sharesWithAFileOfOverlaysLowerLayer() async throws {
    try await withDirectory(on: .overlay) { directory in
      let lower = FilePath("\(TestFileSystem.overlay.root)/lower-file")
      let outcome = try syncCopy(lower, directory.file("b"), CopyOptions(cloning: .required))
      #expect(outcome.method == .cloned)
    }
  }
}
