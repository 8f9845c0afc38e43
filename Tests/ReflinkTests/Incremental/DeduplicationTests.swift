import Foundation
import Reflink
import SystemPackage
import TestSupport
import Testing

/// Files that were copied apart, and share afterwards what they have in common.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct DeduplicationTests {
  @Test(arguments: [TestFileSystem.xfs, .xfsSmallBlocks, .btrfs])
  func whatIsEqualIsSharedAndNothingElse(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try directory.fill("a", 5_000_000)
      try await shell("cp --reflink=never a b", in: directory.path)
      try directory.overwrite("b", at: 40_960, randomBytes(4096))
      try directory.overwrite("b", at: 3_000_003, randomBytes(5))
      let content = try directory.read("b")
      let outcome = try await deduplicate(directory.file("b"), with: directory.file("a"))
      let unit: Int64 = system == .xfsSmallBlocks ? 1024 : 4096
      #expect(outcome.different == 4096 + unit)
      #expect(outcome.shared == 5_000_000 - outcome.different)
      #expect(outcome.sharedBefore == 0 && outcome.unaligned == 0)
      #expect(try directory.read("b") == content)
      #expect(Int64(try directory.sharedBytes("a", "b")) >= 5_000_000 - outcome.different)
      // Again there is nothing to do, and a write parts them.
      let again = try await deduplicate(directory.file("b"), with: directory.file("a"))
      #expect(again.shared == 0 && again.sharedBefore == outcome.shared)
      try directory.overwrite("b", at: 0, randomBytes(4096))
      #expect(try directory.read("a") != directory.read("b"))
    }
  }

  /// The last block counts whole only where both files end with it.
  @Test(arguments: [TestFileSystem.xfs, .btrfs])
  func aPartOfABlockIsSharedWhereBothEnd(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try directory.fill("a", 10_000)
      try await shell(
        "cp --reflink=never a b; cp --reflink=never a c; echo more >>c", in: directory.path)
      #expect(
        try await deduplicate(directory.file("b"), with: directory.file("a")).shared == 10_000)
      let longer = try await deduplicate(directory.file("c"), with: directory.file("a"))
      #expect(longer.shared == 8192 && longer.unaligned == 10_000 - 8192 && longer.different == 5)
    }
  }

  @Test func holesStayHoles() async throws {
    try await withDirectory(on: .xfs) { directory in
      try directory.makeSparse("b", size: 1 << 20, data: [(at: 0, count: 8192)])
      try await shell("cp --sparse=never --reflink=never b a", in: directory.path)
      let before = try directory.allocated("b")
      let outcome = try await deduplicate(directory.file("b"), with: directory.file("a"))
      #expect(outcome.shared == 8192)
      #expect(try directory.allocated("b") == before)
    }
  }

  @Test func aFileThatMayOnlyBeReadByItsOwnerIsTaken() async throws {
    try await withDirectory(on: .btrfs) { directory in
      try directory.fill("a", 100_000)
      try await shell("cp --reflink=never a b; chmod 444 a b", in: directory.path)
      #expect(
        try await deduplicate(directory.file("b"), with: directory.file("a")).shared == 100_000)
    }
  }

  @Test func whatCannotShareSaysWhy() async throws {
    try await withDirectory(on: .ext4) { directory in
      try directory.fill("a", 100_000)
      try await shell("cp a b", in: directory.path)
      let failing = Task { try await deduplicate(directory.file("b"), with: directory.file("a")) }
      let error = await failing.failure
      #expect(error?.code == .notSupported(.notSupported) && error?.operation == .deduplicate)
      let same = Task { try await deduplicate(directory.file("a"), with: directory.file("a")) }
      #expect(await same.failure?.code == .sameFile)
      try await withDirectory(on: .xfs) { other in
        try await shell("cp a '\(other.path)/b'", in: directory.path)
        let apart = Task { try await deduplicate(other.file("b"), with: directory.file("a")) }
        let cause = await apart.failure
        #expect(cause?.code == .crossDevice, "\(String(describing: cause))")
      }
    }
  }

  /// Whoever writes meanwhile loses nothing.
  @Test(arguments: [TestFileSystem.xfs, .btrfs])
  func aWriterBesideItLosesNothing(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try directory.fill("a", 4 << 20)
      try await shell("cp --reflink=never a b", in: directory.path)
      let writer = Task.detached { () throws -> [UInt8] in
        let file = try FileDescriptor.open(directory.file("b"), .readWrite)
        defer { try? file.close() }
        var content = try directory.read("b")
        for _ in 0..<400 {
          let (at, byte) = (Int.random(in: 0..<content.count), UInt8.random(in: .min ... .max))
          content[at] = byte
          _ = try [byte].withUnsafeBytes { try file.write(toAbsoluteOffset: Int64(at), $0) }
        }
        return content
      }
      while !writer.isCancelled {
        _ = try await deduplicate(directory.file("b"), with: directory.file("a"))
        if try directory.read("b") != directory.read("a") { break }
      }
      _ = try await deduplicate(directory.file("b"), with: directory.file("a"))
      let content = try await writer.value
      _ = try await deduplicate(directory.file("b"), with: directory.file("a"))
      #expect(try directory.read("b") == content)
    }
  }
}
