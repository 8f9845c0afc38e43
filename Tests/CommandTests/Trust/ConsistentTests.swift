import Foundation
import TestSupport
import Testing

/// `--consistent`: a source that changes while it is copied.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct ConsistentTests {
  /// Copies by the kernel, each call slowed down, while `change` runs once it has begun.
  private func copy(
    _ directory: TestDirectory, _ options: String, delaying calls: String, _ change: String
  ) async throws -> String {
    try await shell(
      """
      rm -f trace
      strace -f -o trace -e trace=copy_file_range,pwrite64 \
        -e inject=copy_file_range,pwrite64:delay_exit=2000000\(calls) \
        '\(BuiltCommand.path)' \(options) s d > out 2> errors & p=$!
      until grep -q 'copy_file_range\\|pwrite64' trace 2>/dev/null; do :; done
      \(change)
      wait $p; echo $?; sed 's/^[^:]*: //' errors
      """, in: directory.path)
  }

  @Test(arguments: [TestFileSystem.ext4, .xfsWithoutReflink, .tmpfs])
  func aCopyIsBegunAnew(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try directory.fill("s", 100_000)
      let found = try await copy(
        directory, "--consistent", delaying: ":when=1", "echo more >> s")
      #expect(found == "0\n")
      #expect(try directory.read("d") == directory.read("s"))
    }
  }

  @Test(arguments: [TestFileSystem.ext4, .xfsWithoutReflink, .tmpfs], ["", "--atomic", "-a"])
  func whatNeverRestsIsAnError(_ system: TestFileSystem, _ option: String) async throws {
    try await withDirectory(on: system) { directory in
      try directory.fill("s", 100_000)
      let found = try await copy(
        directory, "--consistent \(option)", delaying: "",
        "while kill -0 $p 2>/dev/null; do echo more >> s; sleep 0.02; done")
      #expect(found == "1\n's': file changed as we copied it\n")
      #expect(try directory.names() == ["errors", "out", "s", "trace"])
    }
  }

  @Test func aSourceThatIsTruncatedIsNoticed() async throws {
    try await withDirectory(on: .ext4) { directory in
      try directory.fill("s", 100_000)
      let found = try await copy(
        directory, "--consistent", delaying: "",
        "while kill -0 $p 2>/dev/null; do truncate -s $((RANDOM + 10)) s; done")
      #expect(found == "1\n's': file changed as we copied it\n")
    }
  }

  @Test func withoutItACopyIsMadeAndTheChangeIsTold() async throws {
    try await withDirectory(on: .ext4) { directory in
      try directory.fill("s", 100_000)
      #expect(try await copy(directory, "", delaying: "", "echo more >> s") == "0\n")
      #expect(try await copy(directory, "--debug", delaying: "", "echo more >> s") == "0\n")
      #expect(
        try await shell("cat out", in: directory.path).contains("'s' changed while it was copied\n")
      )
    }
  }

  /// A clone is of one moment: it is made first, and copied.
  @Test func betweenFileSystemsACloneIsCopied() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await withDirectory(on: .ext4) { other in
        try directory.fill("s", 300_000)
        let found = try await shell(
          """
          cp s before
          ( while :; do echo more >> s; sleep 0.01; done ) & w=$!
          '\(BuiltCommand.path)' -a --consistent s '\(other["d"])'; s=$?; kill $w; echo $s
          cmp -n 300000 before '\(other["d"])' && ls -A
          """, in: directory.path)
        #expect(found == "0\nbefore\ns\n")
      }
    }
  }

  /// Half a copy is newer than its source.
  @Test func whatWasOverwrittenInVainIsOverwrittenAgain() async throws {
    try await withDirectory(on: .ext4) { directory in
      try directory.fill("s", 100_000)
      try await shell("echo old > d; touch -d 2020-01-01 d", in: directory.path)
      let found = try await copy(
        directory, "-u --consistent", delaying: ":when=1",
        "tr 'A-Z' 'a-z' < s > changed; dd if=changed of=s conv=notrunc status=none; touch -d 2021-01-01 s"
      )
      #expect(found == "0\n")
      #expect(try directory.read("d") == directory.read("s"))
    }
  }

  /// The second attempt asks for the first name of the file again.
  @Test func aFileOfSeveralNamesIsBegunAnewInATree() async throws {
    try await withDirectory(on: .ext4) { directory in
      try await shell("mkdir s; head -c 100000 /dev/urandom > s/a; ln s/a s/b", in: directory.path)
      let found = try await shell(
        """
        '\(BuiltCommand.path)' -aT -j2 --consistent --reflink=never --limit-rate=40K s d & p=$!
        until [ -e d/a ] || [ -e d/b ]; do :; done; sleep 0.2; echo more >> s/a
        wait $p; echo $?; cmp d/a s/a; stat -c %h d/a d/b
        """, in: directory.path)
      #expect(found == "0\n2\n2\n")
    }
  }
}
