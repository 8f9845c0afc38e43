import Foundation
import TestSupport
import Testing

/// `--probe`, `--sharing` and `--verify-sharing`.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct ProofTests {
  @Test func aProbeSaysWhatWouldHappen() async throws {
    try await withDirectory(on: .xfs) { directory in
      try directory.fill("a", 1 << 17)
      let can = try await directory.cp("--probe", "a", ".")
      #expect(can.status == 0 && can.output.hasPrefix("'a' can be cloned into '.'\n"))
      #expect(try directory.names() == ["a"])
      try await withDirectory(on: .ext4) { other in
        let cannot = try await directory.cp("--probe", "a", other.path)
        #expect(cannot.status == 1)
        #expect(
          cannot.output.contains("cannot be cloned into '\(other.path)': on another file system"))
        #expect(cannot.output.contains("'a' is on xfs at "))
        #expect(cannot.output.contains(" on ext4 at "))
        #expect(try other.names() == [])
      }
    }
  }

  @Test func aProbeSaysWhatIsMissing() async throws {
    try await withDirectory(on: .ext4) { directory in
      try directory.fill("a", 5000)
      let result = try await directory.cp("--probe", "a", ".")
      #expect(result.status == 1)
      #expect(result.output.hasSuffix("ext4 has no reflinks; XFS and Btrfs have\n"))
    }
    try await withDirectory(on: .xfsWithoutReflink) { directory in
      try directory.fill("a", 5000)
      let result = try await directory.cp("--probe", "a", ".")
      #expect(result.status == 1)
      #expect(result.output.contains("was made without reflink; mkfs.xfs -m reflink=1"))
    }
  }

  @Test func aProbeSaysWhatWouldBecomeOfNOCOW() async throws {
    try await withDirectory(on: .btrfs) { directory in
      try await shell(
        "mkdir d; chattr +C d; head -c 100000 /dev/zero >d/a; head -c 100000 /dev/zero >b",
        in: directory.path)
      let set = try await directory.cp("--probe", "d/a", ".")
      #expect(set.status == 0 && set.output.contains("the new file is made NOCOW, as the source\n"))
      let cleared = try await directory.cp("--probe", "b", "d")
      #expect(cleared.status == 0)
      #expect(cleared.output.contains("the new file is made not NOCOW, as is the source\n"))
    }
  }

  @Test(
    arguments: [
      (["--probe", "a"], "missing operand after 'a'"), (["--sharing"], "missing file operand"),
      (["--probe", "a", "b", "c"], "extra operand 'c'"),
    ] as [([String], String)])
  func twoOperandsAreWanted(_ arguments: [String], _ message: String) async throws {
    try await withDirectory(on: .ext4) { directory in
      let result = try await directory.cp(arguments)
      #expect(result.status == 1 && result.errors.hasPrefix("cp: \(message)\n"))
    }
  }

  @Test func whatCannotBeInspectedIsNamed() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell("echo x >a; mkdir d", in: directory.path)
      for arguments in [
        ["--probe", "gone", "."], ["--probe", "a", "gone"], ["--sharing", "a", "gone"],
      ] {
        let result = try await directory.cp(arguments)
        #expect(result.status == 1 && result.errors.contains("'gone'"), "\(arguments)")
      }
      #expect(try await directory.cp("--probe", "d", ".").errors.contains("'d'"))
      #expect(try await directory.cp("--probe", "a", "a").errors.contains("'a'"))
    }
  }

  @Test(arguments: [TestFileSystem.xfs, .btrfs])
  func provesWhatIsSharedAndWhatIsNot(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try await shell(
        "mkdir s; for i in 1 2 3; do head -c 100000 /dev/urandom >s/$i; done; truncate -s 1M s/hole; : >s/empty",
        in: directory.path)
      let result = try await directory.cp("--verify-sharing", "-r", "s", "t")
      #expect(result.status == 0)
      let lines = result.output.split(separator: "\n").map(String.init)
      #expect(lines.filter { $0.hasSuffix(": shared") }.count == 3)
      #expect(lines.filter { $0.hasSuffix(": no data") }.count == 2)
      #expect(
        lines.last == "total: 5 files, 300 KiB shared, 0 B exclusive"
          || lines.last == "total: 5 files, 292 KiB shared, 0 B exclusive")
      // Unshared by a write.
      try directory.overwrite("t/1", at: 0, [UInt8](repeating: 1, count: 4096))
      try await shell("sync -f t; cp --reflink=never s/2 t/2", in: directory.path)
      let later = try await directory.cp("--sharing", "s", "t")
      #expect(later.status == 0)
      #expect(later.output.contains("s/1 -> t/1: partly shared: "))
      #expect(later.output.contains("s/2 -> t/2: not shared\n"))
      #expect(later.output.contains("s/3 -> t/3: shared\n"))
    }
  }

  @Test func whatIsKeptInMetadataIsSaidSo() async throws {
    try await withDirectory(on: .btrfs) { directory in
      try await shell("echo x >a; sync a", in: directory.path)
      let result = try await directory.cp("--verify-sharing", "a", "b")
      #expect(result.status == 0 && result.output.hasPrefix("a -> b: inline\n"))
      let told = try await directory.cp("--debug", "a", "c")
      #expect(told.status == 0)
      #expect(told.output.contains("not shared: kept in metadata, as the source is\n"))
      let record = try await directory.cp("--json", "a", "d")
      #expect(record.status == 0 && record.output.contains("\"method\":\"inline\""))
    }
  }

  @Test func aSnapshotIsProvedOnceItHasItsName() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell("mkdir s; head -c 65536 /dev/urandom >s/a", in: directory.path)
      let result = try await directory.cp("--snapshot", "--verify-sharing", "s", "t")
      #expect(
        result.status == 0
          && result.output == "s/a -> t/a: shared\ntotal: 1 file, 64 KiB shared, 0 B exclusive\n")
    }
  }

  @Test func whereNothingTellsItIsUnknown() async throws {
    try await withDirectory(on: .tmpfs) { directory in
      try directory.fill("a", 5000)
      let result = try await directory.cp("--verify-sharing", "a", "b")
      #expect(result.status == 0 && result.output.hasPrefix("a -> b: unknown\n"))
    }
  }

  @Test func copiesOfTreesWithLinksAreComparedAsCopies() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell(
        "mkdir s; head -c 65536 /dev/urandom >s/a; ln s/a s/b; ln -s gone s/l; ln -s . s/loop; mkfifo s/f",
        in: directory.path)
      #expect(try await directory.cp("-a", "s", "t").status == 0)
      let result = try await directory.cp("--sharing", "s", "t")
      #expect(result.status == 0 && result.errors == "")
      #expect(
        result.output.contains("s/a -> t/a: shared\n")
          || result.output.contains("s/b -> t/b: shared\n"))
      let same = try await directory.cp("--sharing", "s", "s")
      #expect(same.status == 0 && same.output.contains(": same file\n"))
    }
  }

  @Test func whatIsNotThereIsNoSuccess() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell("mkdir s; mkfifo f; echo x >a", in: directory.path)
      for arguments in [
        ["s", "gone"], ["f", "gone"], ["gone", "a"], ["s", "a"], ["a", "s"], ["f", "f"],
      ] {
        let result = try await directory.cp(["--sharing"] + arguments)
        #expect(result.status == 1 && result.errors.hasPrefix("cp: cannot "), "\(arguments)")
      }
    }
  }

  @Test func whatHasNoExtentsIsNoFailureOfACopy() async throws {
    try await withDirectory(on: .xfs) { directory in
      let result = try await directory.cp(
        ["--verify-sharing", "/dev/stdin", "b"], before: "exec < <(echo x)")
      #expect(result.status == 0 && result.errors == "")
    }
  }

  @Test func aSnapshotThatFailedIsNotLookedAt() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell(
        "mkdir s s/z; echo x >s/a; mount -t tmpfs tmpfs s/z; echo y >s/z/b", in: directory.path)
      let result = try await directory.cp("--snapshot", "--verify-sharing", "s", "t")
      try await shell("umount s/z", in: directory.path)
      #expect(result.status == 1 && result.output == "" && !directory.exists("t"))
      #expect(result.errors.split(separator: "\n").count == 1)
    }
  }

  @Test(arguments: [
    ["--probe", "--sharing", "a", "."], ["--probe", "-t", ".", "a", "."],
    ["--sharing", "-T", "a", "b"],
    ["--probe", "--reflink=never", "a", "."], ["--sharing", "--snapshot", "a", "b"],
    ["--probe", "--verify-sharing", "a", "."],
  ])
  func whatHasNoMeaningThereIsMisuse(_ arguments: [String]) async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell("echo x >a; echo x >b", in: directory.path)
      let result = try await directory.cp(arguments)
      #expect(
        result.status == 1 && result.errors.hasSuffix("Try 'cp --help' for more information.\n"))
    }
  }
}
