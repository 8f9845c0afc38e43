import Foundation
import Reflink
import SystemPackage
import TestSupport
import Testing

/// What of a file has changed since an earlier clone, by extent maps. The one unforgivable fault is to call
/// equal what is not.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct ChangedRangesTests {
  /// The answer, held against the bytes of both files.
  private func changes(
    _ directory: TestDirectory, of file: String = "a", since snapshot: String = "s"
  ) async throws -> ChangedRanges {
    let ranges = try await changedRanges(
      of: directory.file(file), since: directory.file(snapshot))
    let (now, before) = (try directory.read(file), try directory.read(snapshot))
    #expect(ranges.size == now.count)
    for range in ranges.equal {
      let part = Int(range.lowerBound)..<Int(range.upperBound)
      #expect(
        part.upperBound <= before.count && now[part] == before[part], "\(range) is called equal")
    }
    let all = (ranges.changed + ranges.equal).sorted { $0.lowerBound < $1.lowerBound }
    #expect(all.first?.lowerBound ?? 0 == 0 && all.last?.upperBound ?? 0 == ranges.size)
    #expect(zip(all, all.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
    return ranges
  }

  @Test(arguments: [TestFileSystem.xfs, .btrfs])
  func everyBlockThatWasWrittenIsFoundAndNoOther(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try directory.fill("a", 16 << 20)
      try await shell("cp --reflink=always a s", in: directory.path)
      var written: Set<Int64> = []
      for _ in 0..<200 {
        let block = Int64.random(in: 0..<4096)
        written.insert(block)
        try directory.overwrite("a", at: Int(block * 4096), randomBytes(4096))
      }
      let ranges = try await changes(directory)
      #expect(ranges.certainty == .exact)
      let found = Set(
        ranges.changed.flatMap { stride(from: $0.lowerBound, to: $0.upperBound, by: 4096) })
      #expect(found == Set(written.map { $0 * 4096 }))
      #expect(ranges.bytesChanged == Int64(written.count * 4096))
    }
  }

  /// What may be done to either file, and whether the answer may call anything equal.
  @Test(
    arguments: [
      "true", "truncate -s 150000 a", "truncate -s 900000 a", "fallocate -p -o 8192 -l 40000 a",
      "fallocate -n -o 600000 -l 100000 a", "fallocate -z -o 4096 -l 20000 a", "cat s >>a",
      "fallocate -c -o 4096 -l 8192 a", "fallocate -i -o 4096 -l 8192 a",
      "dd if=a of=a bs=4096 count=3 skip=20 seek=40 conv=notrunc",
      "xfs_io -c 'reflink a 0 65536 131072' a", "xfs_io -c 'reflink a 65536 0 65536' a",
      "xfs_io -c 'reflink a 131072 0 131072' a; xfs_io -c 'reflink a 0 65536 65536' a",
      "dd if=/dev/zero of=s bs=4096 count=5 seek=3 conv=notrunc", "rm s; cp --reflink=always a s",
      "xfs_io -c 'reflink a 65536 0 65536' s", "mv a b; cp b a",
      "rm a; head -c 500000 /dev/urandom >a",
      "xfs_io -c 'dedupe a 0 0 65536' s",
    ], [TestFileSystem.xfs, .xfsSmallBlocks, .btrfs, .btrfsCompressed])
  func whatIsCalledEqualIs(_ change: String, _ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      // What compresses, too, with parts that are alike.
      try await shell(
        """
        (head -c 200000 /dev/urandom; seq 30000; head -c 65536 /dev/zero; seq 30000) | head -c 500000 >a
        cp --reflink=always a s; (\(change)) >/dev/null 2>&1 || true
        """, in: directory.path)
      let ranges = try await changes(directory)
      #expect(ranges.certainty != .unknown)
      if change == "true", system != .btrfsCompressed { #expect(ranges.changed == []) }
    }
  }

  /// Preallocated blocks are zeros, and become data.
  @Test(arguments: [TestFileSystem.xfs, .btrfs])
  func whatIsReservedAndWasNeverWrittenIsZero(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try await shell(
        """
        fallocate -l 400000 a; dd if=/dev/urandom of=a bs=4096 count=2 conv=notrunc status=none; sync a
        cp --reflink=always a s; dd if=/dev/urandom of=a bs=4096 count=1 seek=30 conv=notrunc status=none
        """, in: directory.path)
      let ranges = try await changes(directory)
      #expect(ranges.changed.allSatisfy { $0.overlaps(122_880..<126_976) })
      #expect(ranges.bytesChanged <= 8192)
    }
  }

  @Test(arguments: ["defragment", "balance"])
  func whatWasMovedCountsAsChanged(_ how: String) async throws {
    try await withDirectory(on: .quietBtrfs) { directory in
      try await shell(
        """
        for i in $(seq 0 2 60); do dd if=/dev/urandom of=a bs=8192 count=1 seek=$i conv=notrunc status=none; sync a; done
        cp --reflink=always a s
        """, in: directory.path)
      let before = try await changes(directory)
      #expect(before.changed == [])
      if how == "defragment" {
        try await shell("btrfs -q filesystem defragment -f -t 1G a; sync", in: directory.path)
      } else {
        // Both move together.
        try await shell(
          "btrfs -q balance start -f --full-balance \(directory.system.root)", in: directory.path)
      }
      _ = try await changes(directory)
    }
  }

  @Test func nothingIsKnownWherePlacesProveNothing() async throws {
    try await withDirectory(on: .xfs) { directory in
      try directory.fill("a", 100_000)
      // Another name of the file itself: it has changed with it.
      try await shell("ln a s", in: directory.path)
      #expect(try await changes(directory).certainty == .unknown)
      try await withDirectory(on: .btrfs) { other in
        try await shell("cp a '\(other.path)/s'", in: directory.path)
        let ranges = try await changedRanges(of: directory.file("a"), since: other.file("s"))
        #expect(ranges.certainty == .unknown && ranges.changed == [0..<100_000])
      }
    }
    for system in [TestFileSystem.ext4, .tmpfs, .overlay] {
      try await withDirectory(on: system) { directory in
        try directory.fill("a", 100_000)
        try await shell("cp a s", in: directory.path)
        #expect(try await changes(directory).certainty == .unknown)
      }
    }
  }

  @Test func ofASnapshotThatIsReadOnlyTheMapIsTakenItself() async throws {
    try await withDirectory(on: .btrfs) { directory in
      try await shell(
        """
        btrfs -q subvolume create v; head -c 300000 /dev/urandom >v/a
        btrfs -q subvolume snapshot -r v one; dd if=/dev/urandom of=v/a bs=4096 count=1 seek=9 conv=notrunc status=none
        btrfs -q subvolume snapshot -r v two
        """, in: directory.path)
      let ranges = try await changes(directory, of: "two/a", since: "one/a")
      #expect(ranges.certainty == .exact && ranges.changed == [36_864..<40_960])
      try await shell("btrfs -q subvolume delete v one two", in: directory.path)
    }
  }

  @Test func anEmptyFileAndAMissingOneAreTold() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell(": >a; cp --reflink=always a s", in: directory.path)
      #expect(try await changes(directory).changed == [])
      let failing = Task {
        try await changedRanges(of: directory.file("gone"), since: directory.file("s"))
      }
      #expect(await failing.failure?.code == .notFound)
    }
  }
}
