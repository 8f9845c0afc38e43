import Reflink
import SystemPackage
import TestSupport
import Testing

/// One FICLONE of a whole file: shared, independent, and without a cost in space.
@Suite(.onFileSystems, .timeLimit(.minutes(8))) struct WholeCloneTests {
  @Test(arguments: TestFileSystem.clonable, [1, 2000, 4096, 100_000, 1 << 20, (1 << 20) + 123])
  func sharesAllData(_ system: TestFileSystem, size: Int) async throws {
    try await withFolder(on: system) { folder in
      try folder.fill("a", size)
      let outcome = try syncCopy(folder.file("a"), folder.file("b"))
      #expect(outcome.method == .cloned)
      #expect(outcome.cloned == Int64(size))
      #expect(outcome.total == Int64(size))
      #expect(outcome.fallback == nil)
      #expect(try folder.read("a") == folder.read("b"))
      // Btrfs keeps short files beside their inode: cloned, with nothing to share.
      if system.isBtrfs, size <= 2048 {
        #expect(try folder.extents("b").allSatisfy { $0.isInline })
      } else {
        #expect(try folder.sharedBytes("a", "b") == folder.dataBytes("a"))
        #expect(try folder.dataBytes("a") >= size)
      }
    }
  }

  @Test(arguments: TestFileSystem.clonable)
  func writingToTheCopyUnsharesItAndLeavesTheSource(_ system: TestFileSystem) async throws {
    try await withFolder(on: system) { folder in
      try folder.fill("a", 1 << 20)
      let before = try folder.read("a")
      _ = try syncCopy(folder.file("a"), folder.file("b"))
      let own = randomBytes(4096)
      try folder.overwrite("b", at: 512 << 10, own)
      #expect(try folder.read("a") == before)
      #expect(try Array(folder.read("b")[(512 << 10)..<(516 << 10)]) == own)
      #expect(try folder.sharedBytes("a", "b") == (1 << 20) - 4096)
    }
  }

  @Test(arguments: [TestFileSystem.quietXfs, .quietBtrfs])
  func takesNoSpace(_ system: TestFileSystem) async throws {
    try await withFolder(on: system) { folder in
      let size = 64 << 20
      try folder.fill("a", size)
      let before = try folder.free()
      _ = try syncCopy(folder.file("a"), folder.file("b"))
      #expect(try before - folder.free() < size / 10)
    }
  }

  @Test(arguments: TestFileSystem.clonable)
  func replacesALongerFileWhole(_ system: TestFileSystem) async throws {
    // FICLONE into a longer file keeps its tail, or refuses odd sizes with EINVAL.
    try await withFolder(on: system) { folder in
      try folder.fill("a", 100_123)
      try folder.fill("b", 400_000)
      let options = CopyOptions(cloning: .required)
      _ = try syncCopy(folder.file("a"), folder.file("b"), options, .replace)
      #expect(try folder.read("a") == folder.read("b"))
      #expect(try folder.sharedBytes("a", "b") > 0)
    }
  }

  @Test(arguments: TestFileSystem.all)
  func copiesAnEmptyFile(_ system: TestFileSystem) async throws {
    try await withFolder(on: system) { folder in
      try folder.write("a", [])
      try folder.fill("b", 5000)
      #expect(try syncCopy(folder.file("a"), folder.file("c")).total == 0)
      _ = try syncCopy(folder.file("a"), folder.file("b"), CopyOptions(), .replace)
      #expect(try folder.read("b").isEmpty)
      #expect(try folder.read("c").isEmpty)
    }
  }

  @Test func sharesBetweenSubvolumesAndFromAReadOnlySnapshot() async throws {
    try await withFolder(on: .btrfs, in: "one") { folder in
      try await withFolder(on: .btrfs, in: "two") { other in
        try folder.fill("a", 1 << 20)
        let outcome = try syncCopy(
          folder.file("a"), other.file("b"), CopyOptions(cloning: .required))
        #expect(outcome.method == .cloned)
        let snapshot = FilePath("\(TestFileSystem.btrfs.root)/snapshot/kept")
        #expect(try syncCopy(snapshot, other.file("kept")).method == .cloned)
        #expect(throws: ReflinkError.self) {
          try syncCopy(folder.file("a"), FilePath("\(TestFileSystem.btrfs.root)/snapshot/new"))
        }
      }
    }
  }

  @Test func sharesWithAFileOfOverlaysLowerLayer() async throws {
    try await withFolder(on: .overlay) { folder in
      let lower = FilePath("\(TestFileSystem.overlay.root)/lower-file")
      let outcome = try syncCopy(lower, folder.file("b"), CopyOptions(cloning: .required))
      #expect(outcome.method == .cloned)
    }
  }
}
