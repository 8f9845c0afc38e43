import Foundation
import Reflink
import SystemPackage
import TestSupport
import Testing

/// What the kernel refuses, as a caller meets it: by file, flag and state.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct ErrnoMatrixTests {
  private let required = CopyOptions(cloning: .required)

  // MARK: Btrfs NOCOW

  @Test(arguments: [1, 3000, 1 << 20, 3 << 20])
  func aNoCopyOnWriteSourceIsSharedByMatchingTheFlag(size: Int) async throws {
    try await withDirectory(on: .btrfs, in: "nocow") { nocow in
      try await withDirectory(on: .btrfs) { directory in
        try nocow.fill("a", size)
        let outcome = try syncCopy(nocow.file("a"), directory.file("b"), required)
        #expect(outcome.method == .cloned)
        #expect(outcome.noCopyOnWrite == .set)
        #expect(try await shell("lsattr b", in: directory.path).contains("C"))
        #expect(try nocow.read("a") == directory.read("b"))
        #expect(try directory.extents("b").allSatisfy { $0.isShared || $0.isInline })
      }
    }
  }

  @Test func aPlainSourceIsSharedIntoANoCopyOnWriteDirectoryByClearingTheFlag() async throws {
    try await withDirectory(on: .btrfs, in: "nocow") { nocow in
      try await withDirectory(on: .btrfs) { directory in
        try directory.fill("a", 1 << 20)
        let outcome = try syncCopy(directory.file("a"), nocow.file("b"), required)
        #expect(outcome.noCopyOnWrite == .cleared)
        #expect(try nocow.extents("b").allSatisfy { $0.isShared })
        let again = try syncCopy(directory.file("a"), directory.file("c"), required)
        #expect(again.noCopyOnWrite == nil)
      }
    }
  }

  @Test func anExistingFileOfTheOtherKindIsMatchedToo() async throws {
    try await withDirectory(on: .btrfs, in: "nocow") { nocow in
      try await withDirectory(on: .btrfs) { directory in
        try nocow.fill("a", 1 << 20)
        try directory.fill("b", 5000)
        let outcome = try syncCopy(nocow.file("a"), directory.file("b"), required, .replace)
        #expect(outcome.noCopyOnWrite == .set)
        #expect(outcome.method == .cloned)
      }
    }
  }

  // MARK: Types

  @Test(arguments: [TestFileSystem.xfs, .ext4])
  func aDirectoryIsNoFile(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try await shell("mkdir d; echo x > a", in: directory.path)
      let from = failure { try syncCopy(directory.file("d"), directory.file("b")) }
      #expect(from?.operation == .refuse(.directoryOmitted))
      let onto = failure {
        try syncCopy(directory.file("a"), directory.file("d"), CopyOptions(), .replace)
      }
      #expect(onto?.operation == .refuse(.fileOverDirectory))
      #expect(onto?.code == .wrongType)
      #expect(try directory.names() == ["a", "d"])
    }
  }

  @Test(arguments: [TestFileSystem.xfs, .ext4])
  func aFileOntoItselfIsRefused(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try directory.fill("a", 5000)
      try await shell("ln a hard; ln -s a soft", in: directory.path)
      let before = try directory.read("a")
      for other in ["a", "hard", "soft"] {
        let error = failure {
          try syncCopy(directory.file("a"), directory.file(other), CopyOptions(), .replace)
        }
        #expect(error?.code == .sameFile, "\(other)")
      }
      #expect(try directory.read("a") == before)
    }
  }

  @Test func aFIFOIsMadeAnewAndNeverOpened() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell("mkfifo -m 640 a; mknod n c 1 3; mknod b b 7 200", in: directory.path)
      for name in ["a", "n", "b"] {
        _ = try syncCopy(directory.file(name), directory.file("\(name)2"))
        let from = try directory.status(name)
        let to = try directory.status("\(name)2")
        #expect(from.st_mode == to.st_mode)
        #expect(from.st_rdev == to.st_rdev)
      }
    }
  }

  @Test func whatCanBeReadFromAFIFOIsCopiedWhenAsked() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell("mkfifo a", in: directory.path)
      async let writer = shell("head -c 1000000 /dev/zero > a", in: directory.path)
      let options = CopyOptions(preserving: .nothing, specialFiles: .readContents)
      let outcome = try await copyFile(
        directory.file("a"), to: directory.file("b"), options: options)
      _ = try await writer
      #expect(outcome.copied == 1_000_000)
      #expect(outcome.fallback == .notRegular)
    }
  }

  // MARK: Flags and states

  @Test(arguments: [TestFileSystem.xfs, .btrfs, .ext4])
  func anImmutableDestinationIsNotReplaced(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try directory.fill("a", 5000)
      try directory.fill("b", 10)
      let before = try directory.read("b")
      try await shell("chattr +i b", in: directory.path)
      let error = failure {
        try syncCopy(directory.file("a"), directory.file("b"), CopyOptions(), .replace)
      }
      #expect(error?.code == .permissionDenied)
      #expect(try directory.read("b") == before)
      try await shell("chattr -i b; chattr +i a", in: directory.path)
      _ = try syncCopy(directory.file("a"), directory.file("c"), CopyOptions(preserving: .nothing))
      #expect(try directory.read("c") == directory.read("a"))
      try await shell("chattr -i a", in: directory.path)
    }
  }

  @Test(arguments: [TestFileSystem.xfs, .ext4])
  func anActiveSwapFileIsCopiedNotShared(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try await shell(
        "dd if=/dev/zero of=swap bs=1M count=8 status=none; chmod 600 swap; mkswap -q swap; swapon swap",
        in: directory.path)
      let outcome = Result { try syncCopy(directory.file("swap"), directory.file("b")) }
      let refused = failure { try syncCopy(directory.file("swap"), directory.file("c"), required) }
      try await shell("swapoff swap", in: directory.path)
      #expect(try outcome.get().method == .copied)
      #expect(try outcome.get().offload == .refused(.swapFile))
      if system == .xfs {
        #expect(try outcome.get().fallback == .swapFile)
        #expect(refused?.code == .notSupported(.swapFile))
      }
      #expect(!directory.exists("c"))
    }
  }

  @Test func aRunningProgramCanBeCloned() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell("cp /bin/sleep a; ./a 5 & echo $! > pid", in: directory.path)
      #expect(try syncCopy(directory.file("a"), directory.file("b"), required).method == .cloned)
      // It cannot be written into, but a new file can take its name.
      try directory.fill("c", 100)
      let before = try directory.read("a")
      _ = try syncCopy(directory.file("c"), directory.file("a"), CopyOptions(), .skip)
      #expect(try directory.read("a") == before)
      _ = try syncCopy(directory.file("c"), directory.file("a"), CopyOptions(), .replace)
      #expect(try directory.read("a") == directory.read("c"))
      try await shell("kill $(cat pid)", in: directory.path)
    }
  }

  @Test func aFullFileSystemIsToldAndNothingIsLeft() async throws {
    try await withDirectory(on: .ext4) { directory in
      try await withDirectory(on: .smallExt4) { small in
        try directory.fill("a", 40 << 20)
        for cloning in [CopyOptions.Cloning.preferred, .never] {
          let options = CopyOptions(cloning: cloning)
          let error = failure { try syncCopy(directory.file("a"), small.file("b"), options) }
          #expect(error?.code == .noSpace)
          #expect(error?.operation == .write)
          #expect((error?.bytesDone ?? -1) + (error?.bytesRemaining ?? -1) == 40 << 20)
          #expect(try small.names() == [])
        }
        let options = CopyOptions(partialFiles: .keep)
        let error = failure { try syncCopy(directory.file("a"), small.file("b"), options) }
        #expect(Int64(try small.status("b").st_size) == error?.bytesDone)
      }
    }
  }

  @Test func unwrittenBlocksAreNoProblem() async throws {
    for system in TestFileSystem.main {
      try await withDirectory(on: system) { directory in
        try await shell("fallocate -l 2M a; fallocate -n -o 2M -l 2M a", in: directory.path)
        _ = try syncCopy(directory.file("a"), directory.file("b"))
        #expect(try directory.read("b") == [UInt8](repeating: 0, count: 2 << 20))
      }
    }
  }

  @Test func anUnreadableSourceAndAMissingOneAreTold() async throws {
    try await withDirectory(on: .xfs) { directory in
      let missing = failure { try syncCopy(directory.file("a"), directory.file("b")) }
      #expect(missing?.code == .notFound)
      #expect(missing?.operation == .examine(.source))
      try directory.fill("a", 10)
      let nowhere = failure { try syncCopy(directory.file("a"), directory.file("no/b")) }
      #expect(nowhere?.code == .notFound)
      #expect(nowhere?.operation == .createFile)
      let long = failure {
        try syncCopy(directory.file("a"), directory.file(String(repeating: "x", count: 256)))
      }
      #expect(long?.errno == .fileNameTooLong)
      #expect("\(long.map(String.init(describing:)) ?? "")".hasPrefix("cannot examine"))
    }
  }
}
