import Foundation
import TestSupport
import Testing

/// `--exclude`, `--exclude-from`, `--clone-slice`, and the lines for people about a whole tree.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct SelectionTests {
  private static let tree =
    "mkdir -p s/a/b s/.git; touch s/x.o s/a/y.o s/a/b/z.c s/.git/HEAD s/keep"

  @Test func leavesOutWhatFits() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell(Self.tree, in: directory.path)
      let result = try await directory.cp("-r", "--exclude=*.o", "--exclude", ".git/", "s", "t")
      #expect(result.status == 0)
      #expect(
        try await shell("cd t; find . | sort", in: directory.path)
          == ".\n./a\n./a/b\n./a/b/z.c\n./keep\n")
    }
  }

  @Test func readsPatternsFromAFile() async throws {
    try await withDirectory(on: .ext4) { directory in
      try await shell(
        Self.tree + "; printf '# none\\n\\n;none\\n*.o\\n/a/b' >patterns", in: directory.path)
      let result = try await directory.cp("-r", "--exclude-from=patterns", "s", "t")
      #expect(result.status == 0)
      #expect(
        try await shell("cd t; find . | sort", in: directory.path)
          == ".\n./.git\n./.git/HEAD\n./a\n./keep\n")
      let piped = try await directory.cp(
        ["-r", "--exclude-from=-", "s", "u"], before: "exec <patterns")
      #expect(piped.status == 0)
      #expect(try await shell("diff -r t u", in: directory.path) == "")
    }
  }

  @Test func linesMayEndAsOnWindowsAndAreNoRules() async throws {
    try await withDirectory(on: .ext4) { directory in
      try await shell(
        Self.tree + "; printf 'x.o\\r\\na**c\\n' >patterns; printf -- '- x.o\\n' >rules",
        in: directory.path)
      #expect(try await directory.cp("-r", "--exclude-from=patterns", "s", "t").status == 0)
      #expect(
        try await shell("cd t; find . -type f | sort", in: directory.path)
          == "./.git/HEAD\n./a/y.o\n./keep\n")
      #expect(try await directory.cp("-r", "--exclude-from=rules", "s", "u").status == 1)
      #expect(!directory.exists("u"))
    }
  }

  @Test func aFileSystemThatIsNotEnteredIsNotCounted() async throws {
    try await withDirectory(on: .ext4) { directory in
      let errors = try await shell(
        """
        mkdir -p s/m t; head -c 5000 /dev/zero >s/a; mkfifo pipe; : >errors
        mount -t tmpfs tmpfs s/m; trap 'umount s/m' EXIT; head -c 9000 /dev/zero >s/m/b
        '\(BuiltCommand.path)' -gx -r --copy-contents pipe s t 2>errors & p=$!
        until [ -e t/pipe ]; do sleep 0.05; done
        until grep -q ' of ' errors; do kill -s USR1 $p; sleep 0.05; done
        : >pipe; wait $p; tail -n 1 errors; ls t/s/m
        """, in: directory.path)
      #expect(errors.contains(" of 4.8 KiB"))
      #expect(!errors.contains("\nb\n"))
    }
  }

  @Test func aFileOfPatternsThatIsNotThereEndsIt() async throws {
    try await withDirectory(on: .ext4) { directory in
      try await shell(Self.tree, in: directory.path)
      let result = try await directory.cp("-r", "--exclude-from=gone", "s", "t")
      #expect(
        result.status == 1 && result.errors == "cp: cannot read 'gone': No such file or directory\n"
      )
      #expect(!directory.exists("t"))
      let directoryAsFile = try await directory.cp("-r", "--exclude-from=s", "s", "t")
      #expect(directoryAsFile.errors == "cp: cannot read 's': Is a directory\n")
    }
  }

  @Test(arguments: [TestFileSystem.xfs, .btrfs])
  func clonesInSlices(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try directory.fill("a", 1 << 20)
      for (name, slice) in [("b", "64K"), ("c", "5ms"), ("d", "1s")] {
        #expect(try await directory.cp("--clone-slice=\(slice)", "a", name).status == 0)
        #expect(try directory.sharedBytes("a", name) == 1 << 20)
      }
      let trace = try await shell(
        "strace -f -e ioctl -o trace '\(BuiltCommand.path)' --clone-slice=64K a e; grep -c FICLONERANGE trace",
        in: directory.path)
      #expect(trace == "16\n")
    }
  }

  @Test(arguments: ["0", "x", "5x", "-1", "9223372036854775807G", "ms", "0s", ""])
  func aSliceThatIsNoneIsMisuse(_ slice: String) async throws {
    try await withDirectory(on: .ext4) { directory in
      try directory.fill("a", 10)
      let result = try await directory.cp("--clone-slice=\(slice)", "a", "b")
      #expect(result.status == 1 && result.errors.hasPrefix("cp: invalid slice: "))
      #expect(!directory.exists("b"))
    }
  }

  /// Two lines for a whole tree; where nobody looks on, -v is what it is of cp.
  @Test func onePairOfFileSystemsIsWarnedOfOnce() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell(
        "mkdir -p s/d; for i in 1 2 3; do head -c 5000 /dev/zero >s/$i; cp s/$i s/d; done",
        in: directory.path)
      try await withDirectory(on: .ext4) { other in
        let text = try await shell(
          "script -qefc \"'\(BuiltCommand.path)' -rv s '\(other.path)/t'\" typescript </dev/null",
          in: directory.path)
        let lines = text.replacingOccurrences(of: "\r", with: "").split(separator: "\n")
        #expect(
          lines.filter { $0.hasSuffix("is copied, not cloned: on another file system") }.count == 1)
        #expect(lines.last == "6 files copied (29 KiB; 6 on another file system), 2 directories")
        let plain = try await directory.cp("-rv", "s", "\(other.path)/u")
        #expect(plain.errors == "" && plain.output.split(separator: "\n").count == 8)
      }
    }
  }
}
