import Reflink
import SystemPackage
import TestSupport
import Testing

/// Holes stay holes on every way; with other words they are made or filled.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct HoleTests {
  private static let layouts: [[(at: Int, count: Int)]] = [
    [],
    [(0, 4096)],
    [(1 << 20, 5000)],
    [(0, 100), (3 << 20, 70_000), (7 << 20, 1)],
    [((8 << 20) - 5000, 5000)],
  ]

  @Test(arguments: TestFileSystem.all, layouts.indices)
  func keepsHoles(_ system: TestFileSystem, layout: Int) async throws {
    try await withDirectory(on: system) { directory in
      try directory.makeSparse("a", size: 8 << 20, data: Self.layouts[layout])
      for cloning in [CopyOptions.Cloning.preferred, .never] {
        let outcome = try syncCopy(
          directory.file("a"), directory.file("b"), CopyOptions(cloning: cloning), .replace)
        #expect(outcome.total == 8 << 20)
        #expect(try directory.read("a") == directory.read("b"))
        #expect(try directory.occupied("b") <= directory.occupied("a") + 65536)
        if cloning == .never { #expect(outcome.foundHolesBySeeking == (outcome.holes > 0)) }
      }
    }
  }

  @Test(arguments: TestFileSystem.all)
  func findsZerosWhenAsked(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      var bytes = randomBytes(2 << 20)
      for index in 100_000..<900_000 { bytes[index] = 0 }
      for index in (2 << 20) - 9000..<2 << 20 { bytes[index] = 0 }
      try directory.write("a", bytes)
      let options = CopyOptions(cloning: .never, holes: .detect)
      let outcome = try syncCopy(directory.file("a"), directory.file("b"), options)
      #expect(try directory.read("b") == bytes)
      #expect(outcome.searchedForZeros)
      #expect(outcome.holes > 790_000)
      #expect(try directory.occupied("b") < 1_400_000)
    }
  }

  /// FUSE says of all files that they are one run of data, as NFS 4.1 does.
  @Test func holesThatAFileSystemDoesNotTellAreKept() async throws {
    try await withDirectory(on: .fuse) { source in
      for system in [TestFileSystem.fuse, .ext4, .xfs] {
        try await withDirectory(on: system) { directory in
          try source.makeSparse(
            "a", size: 32 << 20, data: [(at: 0, count: 4096), (at: 20 << 20, count: 100_000)])
          let most = 1 << 20
          let (from, to) = (source.file("a"), directory.file("b"))
          let outcome = try syncCopy(from, to)
          #expect(outcome.searchedForZeros)
          #expect(outcome.total == 32 << 20)
          #expect(outcome.holes > 31 << 20)
          #expect(try directory.read("b") == source.read("a"))
          #expect(try directory.status("b").st_blocks * 512 < most)
          // What stood in the place of the holes goes, as in every copy of a range.
          try directory.fill("c", 32 << 20)
          let ranged = try await copyRange(
            from: from, range: 0..<32 << 20, to: directory.file("c"), at: 0)
          #expect(ranged.total == 32 << 20)
          #expect(try directory.read("c") == source.read("a"))
          if system != .fuse { #expect(try directory.status("c").st_blocks * 512 < most) }
          // A second copy of what is longer by now.
          guard system == .xfs else { return }
          try await shell("truncate -s 48M a", in: source.path)
          try source.overwrite("a", at: 40 << 20, [1])
          let second = try await copyFile(
            from, to: directory.file("d"), basedOn: CopyBasis([to]))
          #expect(try directory.read("d") == source.read("a"))
          #expect(second.update?.written ?? .max <= 8192)
          #expect(try directory.status("d").st_blocks * 512 < most)
        }
      }
    }
  }

  @Test(arguments: TestFileSystem.all)
  func longRunsOfZerosGetNoBlocks(_ system: TestFileSystem) async throws {
    // Reserving the run's blocks beforehand would fill them.
    try await withDirectory(on: system) { directory in
      try directory.write("a", [UInt8](repeating: 0, count: 16 << 20))
      let options = CopyOptions(cloning: .never, holes: .detect)
      #expect(try syncCopy(directory.file("a"), directory.file("b"), options).holes == 16 << 20)
      #expect(try directory.occupied("b") <= 65536)
    }
  }

  @Test(arguments: TestFileSystem.all)
  func fillsHolesWhenAsked(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try directory.makeSparse("a", size: 3 << 20, data: [(1 << 20, 4096)])
      let outcome = try syncCopy(
        directory.file("a"), directory.file("b"), CopyOptions(holes: .fill))
      #expect(outcome.copied == 3 << 20)
      #expect(outcome.holes == 0)
      #expect(try directory.read("a") == directory.read("b"))
      // Where zeros are compressed away, that is the file system's doing.
      if system != .btrfsCompressed { #expect(try directory.allocated("b") >= 3 << 20) }
    }
  }

  @Test func holesOtherThanTheSourcesExcludeARequiredClone() async throws {
    try await withDirectory(on: .xfs) { directory in
      try directory.fill("a", 10)
      let options = CopyOptions(cloning: .required, holes: .detect)
      let error = failure { try syncCopy(directory.file("a"), directory.file("b"), options) }
      #expect(error?.code == .invalidArgument)
      #expect(try directory.names() == ["a"])
    }
  }

  @Test(arguments: TestFileSystem.main)
  func aPreallocatedTailIsNotData(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      // Where memory is short and the first page was given up, reading it reads ahead, and
      // what was read ahead counts as data, as what is compared here does: the least of some copies,
      // each of a new file, tells.
      var least = Int.max
      for _ in 0..<10 where least > 65536 {
        try await shell(
          "rm -f a; fallocate -l 4M a; echo data | dd of=a conv=notrunc status=none; sync a",
          in: directory.path)
        let options = CopyOptions(cloning: .never)
        _ = try syncCopy(directory.file("a"), directory.file("b"), options, .replace)
        #expect(try directory.read("a") == directory.read("b"))
        least = min(least, try directory.allocated("b"))
      }
      #expect(least <= 65536)
    }
  }
}
