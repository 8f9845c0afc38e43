import Foundation
import TestSupport
import Testing

/// What the command does with data, and what it says about it.
@Suite(.onFileSystems, .timeLimit(.minutes(8))) struct CloneTests {
  @Test(arguments: TestFileSystem.clonable)
  func clonesAndSaysSo(_ system: TestFileSystem) async throws {
    try await withFolder(on: system) { folder in
      try folder.fill("a", 1 << 20)
      let result = try await folder.cp("--debug", "a", "b")
      #expect(result.status == 0)
      #expect(
        result.output
          == "'a' -> 'b'\ncopy offload: unknown, reflink: yes, sparse detection: unknown\n")
      #expect(try folder.sharedBytes("a", "b") == 1 << 20)
    }
  }

  @Test(arguments: TestFileSystem.copying)
  func copiesElsewhereAndSaysWhy(_ system: TestFileSystem) async throws {
    try await withFolder(on: system) { folder in
      try folder.fill("a", 1 << 20)
      let result = try await folder.cp("--debug", "a", "b")
      #expect(
        result.output == """
          'a' -> 'b'
          copy offload: yes, reflink: unsupported, sparse detection: no
          not cloned: not supported by the file system

          """)
      #expect(try folder.read("a") == folder.read("b"))
    }
  }

  @Test(arguments: TestFileSystem.copying)
  func aRequiredCloneFailsInGNUsWordsAndLeavesNothing(_ system: TestFileSystem) async throws {
    try await withFolder(on: system) { folder in
      try folder.fill("a", 5000)
      let result = try await folder.cp("--reflink=always", "a", "b")
      #expect(result.status == 1)
      #expect(result.errors == "cp: failed to clone 'b' from 'a': Operation not supported\n")
      #expect(try folder.names() == ["a"])
    }
  }

  @Test func aRequiredCloneToAnotherFileSystemFails() async throws {
    try await withFolder(on: .xfs) { folder in
      try await withFolder(on: .btrfs) { other in
        try folder.fill("a", 5000)
        let result = try await folder.cp("--reflink", "a", other["b"])
        #expect(result.status == 1)
        #expect(
          result.errors
            == "cp: failed to clone '\(other["b"])' from 'a': Invalid cross-device link\n")
        #expect(try other.names() == [])
        let copied = try await folder.cp("--debug", "a", other["b"])
        #expect(copied.output.contains("not cloned: on another file system"))
      }
    }
  }

  @Test func aNoCopyOnWriteSourceIsClonedAndTheFlagTold() async throws {
    try await withFolder(on: .btrfs, in: "nocow") { nocow in
      try await withFolder(on: .btrfs) { folder in
        try nocow.fill("a", 1 << 20)
        let result = try await folder.cp("--debug", "--reflink=always", nocow["a"], "b")
        #expect(result.status == 0)
        #expect(result.output.contains("NOCOW set on the copy"))
        #expect(try folder.extents("b").allSatisfy { $0.isShared })
      }
    }
  }

  @Test func neverSharesNothing() async throws {
    try await withFolder(on: .xfs) { folder in
      try folder.fill("a", 1 << 20)
      let result = try await folder.cp("--debug", "--reflink=never", "a", "b")
      #expect(
        result.output.contains("copy offload: avoided, reflink: avoided, sparse detection: no"))
      #expect(try folder.sharedBytes("a", "b") == 0)
    }
  }

  @Test(arguments: [TestFileSystem.quietXfs, .quietBtrfs])
  func aGibibyteIsSharedWhole(_ system: TestFileSystem) async throws {
    try await withFolder(on: system) { folder in
      try await shell("head -c 1G /dev/urandom > a; sync", in: folder.path)
      let before = try folder.free()
      #expect(try await folder.cp("a", "b").status == 0)
      #expect(try folder.sharedBytes("a", "b") == 1 << 30)
      #expect(try before - folder.free() < (1 << 30) / 10)
    }
  }

  @Test func aTebibyteOfHoleStaysOneOnExt4() async throws {
    try await withFolder(on: .ext4) { folder in
      try folder.makeSparse("a", size: 1 << 40, data: [(500 << 30, 1 << 20)])
      #expect(try await folder.cp("a", "b").status == 0)
      #expect(try folder.status("b").st_size == 1 << 40)
      #expect(try folder.allocated("b") <= folder.allocated("a"))
      let part = "skip=500 bs=1G count=1 iflag=fullblock status=none"
      try await shell("cmp <(dd if=a \(part)) <(dd if=b \(part))", in: folder.path)
    }
  }

  @Test(arguments: TestFileSystem.main, ["always", "never", "auto"])
  func sparseModesKeepTheContents(_ system: TestFileSystem, _ mode: String) async throws {
    try await withFolder(on: system) { folder in
      try folder.makeSparse("a", size: 4 << 20, data: [(1 << 20, 300_000)])
      #expect(try await folder.cp("--sparse=\(mode)", "a", "b").status == 0)
      #expect(try folder.read("a") == folder.read("b"))
      let allocated = try folder.allocated("b")
      #expect(mode == "never" ? allocated >= 4 << 20 : allocated < 1 << 20)
    }
  }

  @Test func aFileSizeLimitIsAnErrorNotADeath() async throws {
    for system in TestFileSystem.main {
      try await withFolder(on: system) { folder in
        try folder.fill("a", 1 << 20)
        let result = try await folder.cp(["a", "b"], before: "ulimit -f 100")
        #expect(result.status == 1)
        #expect(result.errors.hasSuffix(": File too large\n"), "\(system): \(result.errors)")
      }
    }
  }

  @Test func dataGoesIntoDevicesAndPipes() async throws {
    try await withFolder(on: .xfs) { folder in
      try folder.fill("a", 300_000)
      #expect(try await folder.cp("a", "/dev/null").status == 0)
      try await shell(
        "[ -c /dev/null ] && '\(BuiltCommand.path)' a /dev/stdout | cmp - a && cat a | '\(BuiltCommand.path)' /dev/stdin c && cmp a c",
        in: folder.path)
    }
  }

  @Test func outputThatCannotBeWrittenIsAnError() async throws {
    try await withFolder(on: .xfs) { folder in
      try folder.fill("a", 10)
      let result = try await folder.cp(["-v", "a", "b"], before: "exec >/dev/full")
      #expect(result.status == 1)
      #expect(result.errors == "cp: write error: No space left on device\n")
    }
  }

  @Test func existingFilesAreOverwrittenInPlaceUnlessToldOtherwise() async throws {
    try await withFolder(on: .xfs) { folder in
      try await shell(
        "echo new > a; echo older > b; ln b hard; ln -s b soft; ln -s nowhere dangling",
        in: folder.path)
      #expect(try await folder.cp("-n", "a", "b").status == 0)
      #expect(try folder.read("b") == Array("older\n".utf8))
      #expect(try await folder.cp("a", "soft").status == 0)
      #expect(try folder.read("hard") == Array("new\n".utf8))
      let dangling = try await folder.cp("a", "dangling")
      #expect(dangling.errors == "cp: not writing through dangling symlink 'dangling'\n")
      #expect(dangling.status == 1)
      #expect(!folder.exists("nowhere"))
    }
  }

  @Test func aDeviceAsSourceIsReadAndWhatIsThereIsWrittenInto() async throws {
    try await withFolder(on: .xfs) { folder in
      try await shell(
        "echo old > b; chmod 640 b; ln b hard; ln -s b soft; mknod null c 1 3", in: folder.path)
      let before = try folder.status("b")
      #expect(try await folder.cp("/dev/null", "soft").status == 0)
      #expect(try folder.status("b").st_ino == before.st_ino)
      #expect(try folder.status("b").st_mode == before.st_mode)
      #expect(try folder.read("hard").isEmpty)
      #expect(try await folder.cp("/dev/null", "null").status == 0)
      #expect(try folder.status("null").st_mode & S_IFMT == S_IFCHR)
    }
  }

  @Test func aRequiredCloneThatFailsKeepsWhatIsThereWhereverItIs() async throws {
    try await withFolder(on: .xfs) { folder in
      try await withFolder(on: .ext4) { other in
        try folder.fill("a", 5000)
        try folder.write("empty", [])
        try other.fill("b", 100)
        let before = try other.read("b")
        try await shell("ln -s '\(other["b"])' link", in: folder.path)
        for source in ["a", "empty", "/dev/null", "/proc/version"] {
          let result = try await folder.cp("--reflink=always", source, "link")
          #expect(result.status == 1)
          #expect(result.errors.hasPrefix("cp: failed to clone 'link' from"))
          #expect(try other.read("b") == before)
        }
        // Through a link from elsewhere into the right file system, it works.
        try folder.fill("there", 100)
        try await shell("ln -s '\(folder["there"])' back", in: other.path)
        #expect(try await folder.cp("--reflink=always", "a", other["back"]).status == 0)
        #expect(try folder.sharedBytes("a", "there") > 0)
        let limited = try await folder.cp(
          ["--reflink=always", "a", "there"], before: "ulimit -f 2")
        #expect(limited.errors == "cp: failed to clone 'there' from 'a': File too large\n")
        #expect(try folder.read("there") == folder.read("a"))
      }
    }
  }

  @Test func aLeasedSourceIsWaitedFor() async throws {
    try await withFolder(on: .xfs) { folder in
      try folder.fill("a", 5000)
      // Holds a write lease until it is asked to give it back (SIGIO).
      let holder = """
        import fcntl, os, signal, sys
        f = os.open('a', os.O_RDWR); fcntl.fcntl(f, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        signal.signal(signal.SIGIO, lambda *_: sys.exit())
        open('held', 'w'); signal.pause()
        """
      try folder.write("holder.py", Array(holder.utf8))
      async let held = shell("python3 holder.py", in: folder.path)
      while !folder.exists("held") { try await Task.sleep(for: .milliseconds(5)) }
      let result = try await folder.cp("a", "b")
      _ = try await held
      #expect(result.status == 0, "\(result.errors)")
      #expect(try folder.read("a") == folder.read("b"))
    }
  }

  @Test func forceReplacesWhatCannotBeOpened() async throws {
    try await withFolder(on: .xfs) { folder in
      try await shell(
        "chmod 777 .; echo new > a; chmod 644 a; echo old > b; chmod 444 b; chown 1000 b",
        in: folder.path)
      let command = "setpriv --reuid=1000 --clear-groups '\(folder.path)/tool'"
      try await shell("cp '\(BuiltCommand.path)' tool; chmod 755 tool", in: folder.path)
      // A debug build needs its libraries, which others may not reach.
      guard (try? await shell("\(command) --version", in: folder.path)) != nil else { return }
      await #expect(throws: (any Error).self) { try await shell("\(command) a b", in: folder.path) }
      try await shell("\(command) -f a b", in: folder.path)
      #expect(try folder.read("b") == Array("new\n".utf8))
    }
  }

  /// In a folder that takes new names and gives none away.
  @Test func whatCannotBeRemovedAgainIsNamed() async throws {
    try await withFolder(on: .ext4) { folder in
      try await shell("echo new > a; mkdir f; echo old > f/b", in: folder.path)
      try folder.setAppendOnly("f", true)
      let result = try await folder.cp("--remove-destination", "a", "f/b")
      let names = try await shell("ls -A f", in: folder.path).split(separator: "\n")
      let left = try #require(names.first { $0.hasPrefix(".reflink-") })
      #expect(
        result.errors
          == "cp: cannot remove 'f/b': Operation not permitted; left behind: 'f/\(left)'\n")
      #expect(result.status == 1)
      #expect(try folder.read("f/b") == Array("old\n".utf8))
      try folder.setAppendOnly("f", false)
    }
  }
}
