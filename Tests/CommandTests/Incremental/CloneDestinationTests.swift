import Foundation
import TestSupport
import Testing

/// `--clone-dest`, `--since`, `--ignore-times`.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct CloneDestinationTests {
  /// A tree, its first copy, and a change of one block.
  private func prepare(_ directory: TestDirectory) async throws {
    try await shell(
      """
      mkdir -p s/d; head -c 400000 /dev/urandom >s/d/a; head -c 300000 /dev/urandom >s/b; ln s/b s/c; ln -s b s/l
      '\(BuiltCommand.path)' -a s one
      """, in: directory.path)
  }

  @Test(arguments: [TestFileSystem.xfs, .xfsSmallBlocks, .btrfs, .btrfsCompressed])
  func onlyWhatHasChangedIsWritten(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try await prepare(directory)
      try directory.overwrite("s/d/a", at: 8192, randomBytes(4096))
      let result = try await directory.cp("-a", "--debug", "--clone-dest=one", "s", "two")
      #expect(result.status == 0 && result.errors == "")
      #expect(result.output.contains("based on 'one/d/a': 1 of 98 blocks written, 98 read\n"))
      #expect(result.output.contains(/based on 'one\/[bc]': 0 of 74 blocks written, 0 read\n/))
      try await shell("diff -r --no-dereference s two; [ two/b -ef two/c ]", in: directory.path)
      if system != .btrfsCompressed {
        let unit = system == .xfsSmallBlocks ? 1024 : 4096
        let all = (400_000 + unit - 1) / unit * unit
        #expect(try directory.sharedBytes("one/d/a", "two/d/a") == all - 4096)
      }
      let same = try await shell("stat -c '%a %Y %s' s/d/a two/d/a | uniq", in: directory.path)
      #expect(same.split(separator: "\n").count == 1)
    }
  }

  /// A clone of the source from which the copy was made tells what has changed.
  @Test(arguments: [TestFileSystem.xfs, .btrfs])
  func sinceAnEarlierCloneOnlyWhatHasChangedIsRead(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try await shell(
        """
        mkdir s; head -c 4000000 /dev/urandom >s/a; cp=\(BuiltCommand.path)
        $cp -a --snapshot s s1; sleep 0.02; $cp -a s1 one
        """, in: directory.path)
      try directory.overwrite("s/a", at: 1 << 20, randomBytes(5000))
      try await shell("'\(BuiltCommand.path)' -a --snapshot s s2", in: directory.path)
      let result = try await directory.cp(
        "-a", "--debug", "--clone-dest=one", "--since=s1", "s2", "two")
      #expect(result.status == 0 && result.errors == "")
      #expect(result.output.contains("based on 'one/a': 2 of 977 blocks written, 2 read\n"))
      try await shell("cmp s/a two/a", in: directory.path)
      // One that was written to after the copy proves nothing: here what has changed is at the same place
      // in both, and the copy does not have it.
      try await shell(
        "xfs_io -c 'reflink s/a 1048576 1048576 8192' s1/a >/dev/null; touch -r one/a s1/a",
        in: directory.path)
      let doubted = try await directory.cp(
        "-a", "--debug", "--clone-dest=one", "--since=s1", "s2", "three")
      #expect(doubted.output.contains("based on 'one/a': 2 of 977 blocks written, 977 read\n"))
      try await shell("cmp s/a three/a", in: directory.path)
    }
  }

  @Test func whatHasTheSameTimeIsComparedWhereAskedFor() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await prepare(directory)
      try await shell("cp -p s/b time", in: directory.path)
      try directory.overwrite("s/b", at: 0, randomBytes(10))
      try await shell("touch -r time s/b", in: directory.path)
      // As rsync.
      _ = try await directory.cp("-a", "--clone-dest=one", "s", "two")
      #expect(try directory.read("two/b") == directory.read("one/b"))
      let result = try await directory.cp("-a", "--clone-dest=one", "--ignore-times", "s", "three")
      #expect(result.status == 0)
      #expect(try directory.read("three/b") == directory.read("s/b"))
    }
  }

  /// Into a directory, names are those below it; the first copy that has not changed counts.
  @Test func theNamesStandForWhatTheDestinationStandsFor() async throws {
    try await withDirectory(on: .btrfs) { directory in
      try await prepare(directory)
      try await shell(
        "mkdir old new now; cp -a one/. old/s; cp -a s new/s; touch old/s/b; cp -a s/b alone",
        in: directory.path)
      let result = try await directory.cp(
        "-a", "--debug", "--clone-dest=old", "--clone-dest=new", "s", "now")
      #expect(result.output.contains(/based on 'new\/s\/[bc]'/))
      let file = try await directory.cp("-p", "--debug", "--clone-dest=one", "s/b", "b")
      #expect(file.output.contains("based on 'one/b': 0 of 74 blocks written, 0 read\n"))
      try await shell("cp -p s/b one/copy", in: directory.path)
      let named = try await directory.cp("-p", "--debug", "--clone-dest=one", "s/b", "copy")
      #expect(named.output.contains("based on 'one/copy': 0 of 74 blocks written, 0 read\n"))
      let single = try await directory.cp("-p", "--debug", "--clone-dest=alone", "s/b", "two")
      #expect(single.output.contains("based on 'alone': 0 of 74 blocks written, 0 read\n"))
      let parents = try await directory.cp(
        "-a", "--parents", "--debug", "--clone-dest=new", "s/d/a", "now")
      #expect(parents.output.contains("based on 'new/s/d/a': 0 of 98 blocks written, 0 read\n"))
    }
  }

  @Test func theDestinationItselfIsBroughtUpToDate() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await prepare(directory)
      try await shell("ln one/d/a kept", in: directory.path)
      let before = try directory.read("one/d/a")
      try directory.overwrite("s/d/a", at: 0, randomBytes(100))
      let result = try await directory.cp("-aT", "--debug", "--clone-dest=one", "s", "one")
      #expect(result.status == 0)
      #expect(result.output.contains("based on 'one/d/a': 1 of 98 blocks written, 98 read\n"))
      try await shell("diff -r --no-dereference s one", in: directory.path)
      // The file that was there was not written to.
      #expect(try directory.read("kept") == before)
    }
  }

  @Test func whereNothingCanBeClonedTheEarlierCopyIsRead() async throws {
    try await withDirectory(on: .ext4) { directory in
      try await prepare(directory)
      try directory.overwrite("s/d/a", at: 0, randomBytes(100))
      let result = try await directory.cp("-a", "--debug", "--clone-dest=one", "s", "two")
      #expect(result.status == 0)
      #expect(result.output.contains(/copied from 'one\/[bc]', which has not changed\n/))
      #expect(!result.output.contains("'one/d/a'"))
      try await shell("diff -r --no-dereference s two; [ ! two/b -ef one/b ]", in: directory.path)
    }
  }

  /// Links below the earlier copy lead nowhere.
  @Test func noLinkIsFollowedBelowTheEarlierCopy() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await prepare(directory)
      try await shell(
        """
        cp -p s/b elsewhere; echo x | dd of=elsewhere conv=notrunc status=none; touch -r s/b elsewhere
        rm one/b one/c; ln -s ../elsewhere one/b; ln -s ../elsewhere one/c
        mkdir away; cp -p s/d/a away/a; echo x | dd of=away/a conv=notrunc status=none; touch -r s/d/a away/a
        rm -r one/d; ln -s ../away one/d
        """, in: directory.path)
      let result = try await directory.cp("-a", "--clone-dest=one", "s", "two")
      #expect(result.status == 0)
      try await shell("diff -r --no-dereference s two", in: directory.path)
    }
  }

  @Test(
    arguments: [
      ("--clone-dest=gone", "--clone-dest 'gone': No such file or directory"),
      ("--clone-dest=one --since=gone", "--since 'gone': No such file or directory"),
      ("--since=one", "--since needs --clone-dest"),
      ("--ignore-times", "--ignore-times needs --clone-dest"),
      ("--clone-dest=one -l", "--clone-dest cannot be combined with -l, -s or --attributes-only"),
      ("--clone-dest=one --snapshot", "--clone-dest cannot be combined with --snapshot"),
      ("--clone-dest=one --reflink=never", "--clone-dest cannot be combined with --reflink=never"),
      ("--clone-dest=one --reflink", "--clone-dest cannot be combined with --reflink=always"),
      ("--clone-dest=one --clone-slice=1M", "--clone-dest cannot be combined with --clone-slice"),
      (
        "--clone-dest=one --since=one --ignore-times",
        "--since relies on times, and cannot be combined with --ignore-times"
      ),
      ("--clone-dest=one --sparse=always", "--clone-dest cannot be combined with --sparse"),
      ("--clone-dest=one --probe", "--clone-dest cannot be combined with --probe"),
      ("--clone-dest=/proc", "'/proc': an earlier copy is of use on the destination's file system"),
      ("--clone-dest=one --since=/proc", "'/proc': a clone of the source is on the source's file"),
    ])
  func whatCannotBeIsTold(_ options: String, _ message: String) async throws {
    try await withDirectory(on: .xfs) { directory in
      try await prepare(directory)
      let arguments = ["-a"] + options.split(separator: " ").map(String.init) + ["s", "two"]
      let result = try await directory.cp(arguments)
      #expect(result.status == 1)
      #expect(result.errors.contains(message), "\(result.errors)")
      #expect(!directory.exists("two"))
    }
  }

  @Test func moreThanTwentyEarlierCopiesAreRefused() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await prepare(directory)
      let most = Array(repeating: "--clone-dest=one", count: 20)
      #expect(try await directory.cp(["-a"] + most + ["s", "two"]).status == 0)
      let more = try await directory.cp(["-a", "--clone-dest=one"] + most + ["s", "three"])
      #expect(more.status == 1 && more.errors.contains("more than 20 times --clone-dest"))
    }
  }

  /// A link in the destination has its target replaced, whose name is another's in the earlier copy.
  @Test func theTargetOfALinkHasNoEarlierCopy() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell(
        """
        mkdir s one two; head -c 9000 /dev/urandom >s/b; head -c 9000 /dev/urandom >one/x; touch -r s/b one/x
        echo old >two/x; ln -s x two/b
        """, in: directory.path)
      let result = try await directory.cp("-aT", "--clone-dest=one", "s", "two")
      #expect(result.status == 0)
      #expect(try directory.read("two/x") == directory.read("s/b"))
    }
  }

  /// Each subvolume of Btrfs has a device number of its own.
  @Test func subvolumesAreOneFileSystem() async throws {
    try await withDirectory(on: .btrfs) { directory in
      try await shell(
        """
        btrfs -q subvolume create s; head -c 400000 /dev/urandom >s/a
        btrfs -q subvolume snapshot -r s s1; sleep 0.02
        btrfs -q subvolume create one; '\(BuiltCommand.path)' -aT s1 one
        dd if=/dev/urandom of=s/a bs=4096 count=1 seek=7 conv=notrunc status=none
        btrfs -q subvolume snapshot -r s s2; btrfs -q subvolume create two
        """, in: directory.path)
      let result = try await directory.cp(
        "-aT", "--debug", "--clone-dest=one", "--since=s1", "s2", "two")
      #expect(result.status == 0 && result.errors == "")
      #expect(result.output.contains("based on 'one/a': 1 of 98 blocks written, 1 read\n"))
      try await shell(
        "cmp s/a two/a; btrfs -q subvolume delete s s1 s2 one two", in: directory.path)
    }
  }

  /// After a power cut a file that has the source's time must not hold what the earlier copy held.
  @Test func whatIsWrittenIsOnStorageBeforeItHasTheSourcesTime() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await prepare(directory)
      try directory.overwrite("s/d/a", at: 0, randomBytes(100))
      let (result, trace) = try await directory.tracedCp(
        ["-e", "trace=pwrite64,fsync,utimensat"], ["-p", "--clone-dest=one/d", "s/d/a", "a"])
      #expect(result.status == 0)
      let names = trace.compactMap { line in
        ["pwrite64", "fsync", "utimensat"].first { line.contains("\($0)(") }
      }
      #expect(names == ["pwrite64", "fsync", "utimensat"])
    }
  }

  /// A new directory appears with all that is in it, files in one that is there when they are complete.
  @Test func namesAreGivenToWhatIsComplete() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await prepare(directory)
      try directory.overwrite("s/d/a", at: 0, randomBytes(100))
      let traced = ["-e", "trace=openat,linkat,renameat2,pwrite64"]
      let (result, trace) = try await directory.tracedCp(
        traced, ["-a", "--clone-dest=one", "s", "two"])
      #expect(result.status == 0)
      #expect(
        trace.last { $0.contains("renameat2") }?.contains("\"two\", RENAME_NOREPLACE") ?? false)
      try await shell("mkdir three", in: directory.path)
      let (merged, calls) = try await directory.tracedCp(
        traced, ["-aT", "--clone-dest=one", "s", "three"])
      #expect(merged.status == 0)
      #expect(calls.filter { $0.contains("O_TMPFILE") }.count == 2)
      #expect(!calls.contains { $0.contains("O_CREAT") })
    }
  }
}
