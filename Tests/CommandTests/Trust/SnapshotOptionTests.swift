import Foundation
import TestSupport
import Testing

/// `--snapshot`: the library's snapshots from the command line.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct SnapshotOptionTests {
  @Test(arguments: [TestFileSystem.xfs, .btrfs])
  func clonesFilesAndTreesWithAllAttributes(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try directory.fill("f", 200_000)
      try await shell(
        """
        setfattr -n user.a -v b f; chown 7:8 f; chmod 4640 f; mkdir -p t/d; ln f t/f; ln t/f t/d/g
        ln -s f t/l; chmod 2750 t/d; mkdir into
        """, in: directory.path)
      #expect(try await directory.cp("--snapshot", "f", "f2").errors == "")
      #expect(try await directory.cp("--snapshot", "t", "f", "into").errors == "")
      #expect(try await shell("diff -r --no-dereference t into/t", in: directory.path) == "")
      #expect(try directory.extents("f2").filter { !$0.isShared }.isEmpty)
      #expect(
        try await shell(
          """
          stat -c '%a %u %g' f2 into/f; getfattr --only-values -n user.a f2 into/t/d/g
          stat -c %h into/t/f; stat -c %a into/t/d
          """, in: directory.path) == "4640 7 8\n4640 7 8\nbb3\n2750\n")
    }
  }

  @Test(arguments: [TestFileSystem.xfs, .btrfs])
  func replacesNothingAndLeavesNothing(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try await shell(
        "echo 1 > f; echo 2 > g; mkdir t u; echo 3 > t/a; echo 4 > t/b", in: directory.path)
      for target in ["g", "u"] {
        let result = try await directory.cp("--snapshot", "-T", target == "g" ? "f" : "t", target)
        #expect(result.errors.contains("File exists"))
        #expect(result.status == 1)
      }
      #expect(try directory.read("g") == Array("2\n".utf8))
      // One of many that cannot be cloned.
      let (result, _) = try await directory.tracedCp(
        ["-e", "trace=ioctl", "-e", "inject=ioctl:error=EIO:when=2+"],
        ["-j1", "--snapshot", "t", "v"])
      #expect(result.status == 1)
      #expect(try directory.names() == ["f", "g", "t", "u"])
    }
  }

  @Test func isNotPossibleEverywhere() async throws {
    try await withDirectory(on: .ext4) { directory in
      try directory.fill("f", 1000)
      let result = try await directory.cp("--snapshot", "f", "g")
      #expect(result.errors == "cp: failed to clone 'g' from 'f': Operation not supported\n")
      #expect(result.status == 1)
      #expect(try directory.names() == ["f"])
    }
  }

  @Test(arguments: [
    "-l", "-s", "-n", "-f", "-b", "--reflink=never", "--sparse=always", "--parents",
  ])
  func excludesWhatContradictsIt(_ option: String) async throws {
    try await withDirectory(on: .xfs) { directory in
      try directory.fill("f", 1000)
      let result = try await directory.cp("--snapshot", option, "f", "g")
      #expect(result.errors.hasPrefix("cp: --snapshot cannot be combined with"))
      #expect(result.status == 1)
      #expect(try directory.names() == ["f"])
    }
  }
}
