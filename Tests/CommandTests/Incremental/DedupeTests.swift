import TestSupport
import Testing

/// `--dedupe`.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct DedupeTests {
  @Test(arguments: [TestFileSystem.xfs, .btrfs])
  func filesOfATreeShareWhatIsEqual(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try await shell(
        """
        mkdir -p s/d; head -c 100000 /dev/urandom >s/a; head -c 50000 /dev/urandom >s/d/b; echo only >s/only
        ln -s a s/l; cp -a --reflink=never s t; rm t/only; echo x >t/d/b
        """, in: directory.path)
      let result = try await directory.cp("--dedupe", "-rv", "s", "t")
      #expect(result.status == 0 && result.errors == "")
      #expect(
        result.output.contains("s/a -> t/a: 97 KiB shared now, 0 B before, 0 B different\n"))
      #expect(
        result.output.hasSuffix("total: 2 files, 97 KiB shared now, 0 B before, 2 B different\n"))
      #expect(!directory.exists("t/only"))
      #expect(try directory.sharedBytes("s/a", "t/a") == 102_400)
      #expect(try await shell("cat t/d/b", in: directory.path) == "x\n")
    }
  }

  @Test func whatCannotBeIsTold() async throws {
    try await withDirectory(on: .ext4) { directory in
      try await shell("echo x >a; echo x >b; mkdir d", in: directory.path)
      let refused = try await directory.cp("--dedupe", "a", "b")
      #expect(refused.status == 1)
      #expect(
        refused.errors == "cp: failed to share data of 'a' with 'b': Operation not supported\n")
      let kinds = try await directory.cp("--dedupe", "a", "d")
      #expect(kinds.status == 1 && kinds.errors.contains("one of the two is a directory"))
      let operands = try await directory.cp("--dedupe", "a")
      #expect(operands.status == 1 && operands.errors.contains("missing operand after 'a'"))
      let tasks = try await directory.cp("--dedupe", "--probe", "a", "b")
      #expect(tasks.errors.contains("--probe, --sharing and --dedupe exclude each other"))
    }
  }
}
