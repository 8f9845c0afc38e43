import Foundation
import TestSupport
import Testing

/// `--atomic`: each file appears, or is replaced, complete or not at all.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct AtomicTests {
  /// All that a copy in place leaves of the file that was there.
  private func attributes(_ name: String, in directory: TestDirectory) async throws -> String {
    try await shell(
      "stat -c '%a %u %g' \(name); getfacl -cn \(name) 2>/dev/null; getfattr -d \(name) | tail -n +2; cat \(name)",
      in: directory.path)
  }

  private static let oldFile = """
    echo new > s; echo old > a; chmod 4751 a; setfattr -n user.kept -v yes a; chown 1000:1001 a
    setfacl -m u:1002:rw a 2>/dev/null; chmod u+s a; cp -a a b
    """

  /// FUSE, NFS and OCFS2 know no renaming that is sure to replace nothing.
  @Test(arguments: ["--atomic -r", "--snapshot"])
  func aTreeThatCannotAppearAtOnceIsRefusedWithTheReason(_ options: String) async throws {
    try await withDirectory(on: .fuse) { directory in
      try await shell("mkdir s; echo data > s/f", in: directory.path)
      let result = try await directory.cp(
        options.split(separator: " ").map(String.init) + ["s", "t"])
      #expect(result.status == 1)
      let reason = "no renaming here that is sure to replace nothing"
      #expect(
        result.errors == "cp: cannot create directory 't' complete or not at all: \(reason)\n")
      #expect(try directory.names() == ["s"])
    }
  }

  @Test(arguments: TestFileSystem.main, ["", "-p", "-a", "--preserve=mode", "--preserve=xattr"])
  func aReplacedFileIsAsACopyInPlaceLeavesIt(
    _ system: TestFileSystem, _ options: String
  ) async throws {
    try await withDirectory(on: system) { directory in
      try await shell(
        Self.oldFile + "; touch -d '2001-01-01' s; ln a other; ln b other2", in: directory.path)
      let given = options.split(separator: " ").map(String.init)
      #expect(try await directory.cp(given + ["--atomic", "s", "a"]).errors == "")
      #expect(try await directory.cp(given + ["s", "b"]).errors == "")
      #expect(try await attributes("a", in: directory) == attributes("b", in: directory))
      // It is another file: its other names keep the old content.
      #expect(try directory.read("other") == Array("old\n".utf8))
      #expect(try directory.names() == ["a", "b", "other", "other2", "s"])
    }
  }

  /// Whoever is not root takes them away by writing.
  @Test(arguments: TestFileSystem.main)
  func setIDBitsGoAsInPlace(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      let found = try await shell(
        """
        echo new > s; chown 1000 . s
        as() { setpriv --reuid 1000 --clear-groups "$@"; }
        for f in a b; do as cp s $f; as chmod 6755 $f; done
        as '\(BuiltCommand.path)' s a; as '\(BuiltCommand.path)' --atomic s b; stat -c %a a b
        """, in: directory.path)
      #expect(found == "755\n755\n")
    }
  }

  @Test func theUnprivilegedKeepWhatTheyMayWriteTo() async throws {
    try await withDirectory(on: .ext4) { directory in
      // Another's file in a directory of one's own: its owner cannot be kept.
      try await shell(
        """
        echo new > s; echo old > a; chown 1000 .; chmod 666 a
        setpriv --reuid 1000 --clear-groups '\(BuiltCommand.path)' --atomic s a 2> errors; echo $? >> errors
        """, in: directory.path)
      #expect(
        try await shell("sed 's/^[^:]*: //' errors; cat a; ls -A", in: directory.path) == """
          failed to preserve ownership for 'a': Operation not permitted
          1
          old
          a
          errors
          s

          """)
    }
  }

  @Test(arguments: TestFileSystem.main)
  func aLinkHasItsTargetReplaced(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try await shell(
        """
        echo new > s; mkdir -p d/e; echo old > d/e/real; chmod 640 d/e/real
        ln -s e/real d/one; ln -s d/one two; ln -s "$PWD/two" three
        """, in: directory.path)
      #expect(try await directory.cp("--atomic", "s", "three").errors == "")
      #expect(
        try await shell(
          "cat d/e/real; stat -c %a d/e/real; readlink two d/one; ls -A d/e", in: directory.path)
          == "new\n640\nd/one\ne/real\nreal\n")
    }
  }

  @Test func whatIsNoFileIsWrittenInto() async throws {
    try await withDirectory(on: .xfs) { directory in
      let found = try await shell(
        "mkfifo f; echo data > s; cat f > got & '\(BuiltCommand.path)' --atomic s f; wait; cat got; stat -c %F f",
        in: directory.path)
      #expect(found == "data\nfifo\n")
    }
  }

  @Test func aLinkToAPipeIsWrittenThrough() async throws {
    try await withDirectory(on: .xfs) { directory in
      let found = try await shell(
        "echo data > s; '\(BuiltCommand.path)' --atomic s /dev/stdout | cat", in: directory.path)
      #expect(found == "data\n")
    }
  }

  @Test func aFileThatMayNotBeWrittenToIsNotReplaced() async throws {
    try await withDirectory(on: .xfs) { directory in
      let found = try await shell(
        """
        echo new > s; echo old > a; chmod 444 a; chown 1000 . a
        as() { setpriv --reuid 1000 --clear-groups '\(BuiltCommand.path)' "$@"; }
        as --atomic s a 2>/dev/null; cat a; as --atomic -f s a; cat a
        """, in: directory.path)
      #expect(found == "old\nnew\n")
    }
  }

  /// What is read meanwhile is old or new, and whole; an error leaves what was there.
  @Test(arguments: TestFileSystem.main)
  func anErrorLeavesTheOldFile(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try await shell("head -c 300000 /dev/urandom > s; echo old > a", in: directory.path)
      for call in [
        "ioctl,copy_file_range,pwrite64,write", "fchmod", "rename,renameat,renameat2", "fchown",
      ] {
        let (result, _) = try await directory.tracedCp(
          ["-e", "trace=\(call)", "-e", "inject=\(call):error=EIO"],
          ["--atomic", "--reflink=auto", "s", "a"])
        #expect(result.status == 1, "\(call)")
        #expect(try directory.read("a") == Array("old\n".utf8))
        #expect(try directory.names() == ["a", "s"])
      }
    }
  }

  @Test(arguments: TestFileSystem.main)
  func aTreeAppearsWhole(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try await shell("mkdir s; echo 1 > s/a; ln s/a s/b; ln -s a s/c", in: directory.path)
      let trace = try await directory.tracedCp(
        ["-e", "trace=renameat2,rename,mkdirat"], ["-a", "--atomic", "s", "t"]
      ).trace
      #expect(trace.contains { $0.contains("renameat2") && $0.contains("\"t\"") })
      #expect(!trace.contains { $0.contains("mkdirat") && $0.contains("\"t\"") })
      #expect(try await shell("ls s t; stat -c %h t/a", in: directory.path).hasSuffix("2\n"))
    }
  }

  @Test func leftoversOfKilledRunsAreSwept() async throws {
    try await withDirectory(on: .ext4) { directory in
      try await shell(
        """
        mkdir -p d/.reflink-0123456789abc s/sub d/sub; echo x > d/.reflink-0123456789abc/x
        echo part > d/.reflink-0a; echo part > d/sub/.reflink-0b; echo part > d/.reflink-0c
        ln d/.reflink-0c d/kept; echo 1 > s/sub/f; echo not > d/reflink-0d
        flock d/.reflink-0e -c 'echo $$ > p; exec sleep 1000' & until [ -s p ]; do :; done
        """, in: directory.path)
      #expect(try await directory.cp("-aT", "--atomic", "s", "d").errors == "")
      #expect(
        try await shell("cd d; find . -not -type d | LC_ALL=C sort", in: directory.path)
          == "./.reflink-0c\n./.reflink-0e\n./kept\n./reflink-0d\n./sub/f\n")
      try await shell("kill $(cat p)", in: directory.path)
    }
  }
}
