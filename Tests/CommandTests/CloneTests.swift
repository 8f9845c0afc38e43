import Foundation
import TestSupport
import Testing

/// What the command does with data, and what it says about it.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct CloneTests {
  @Test(arguments: TestFileSystem.clonable)
  func clonesAndSaysSo(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try directory.fill("a", 1 << 20)
      let result = try await directory.cp("--debug", "a", "b")
      #expect(result.status == 0)
      #expect(
        result.output
          == "'a' -> 'b'\ncopy offload: unknown, reflink: yes, sparse detection: unknown\n")
      #expect(try directory.sharedBytes("a", "b") == 1 << 20)
    }
  }

  @Test(arguments: TestFileSystem.copying)
  func copiesElsewhereAndSaysWhy(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try directory.fill("a", 1 << 20)
      let result = try await directory.cp("--debug", "a", "b")
      #expect(
        result.output == """
          'a' -> 'b'
          copy offload: yes, reflink: unsupported, sparse detection: no
          not cloned: not supported by the file system

          """)
      #expect(try directory.read("a") == directory.read("b"))
    }
  }

  @Test(arguments: TestFileSystem.copying)
  func aRequiredCloneFailsInGNUsWordsAndLeavesNothing(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try directory.fill("a", 5000)
      let result = try await directory.cp("--reflink=always", "a", "b")
      #expect(result.status == 1)
      #expect(result.errors == "cp: failed to clone 'b' from 'a': Operation not supported\n")
      #expect(try directory.names() == ["a"])
    }
  }

  @Test func aRequiredCloneToAnotherFileSystemFails() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await withDirectory(on: .btrfs) { other in
        try directory.fill("a", 5000)
        let result = try await directory.cp("--reflink", "a", other["b"])
        #expect(result.status == 1)
        #expect(
          result.errors
            == "cp: failed to clone '\(other["b"])' from 'a': Invalid cross-device link\n")
        #expect(try other.names() == [])
        let copied = try await directory.cp("--debug", "a", other["b"])
        #expect(copied.output.contains("not cloned: on another file system"))
      }
    }
  }

  @Test func aNoCopyOnWriteSourceIsClonedAndTheFlagTold() async throws {
    try await withDirectory(on: .btrfs, in: "nocow") { nocow in
      try await withDirectory(on: .btrfs) { directory in
        try nocow.fill("a", 1 << 20)
        let result = try await directory.cp("--debug", "--reflink=always", nocow["a"], "b")
        #expect(result.status == 0)
        #expect(result.output.contains("NOCOW set on the copy"))
        #expect(try directory.extents("b").allSatisfy { $0.isShared })
      }
    }
  }

  @Test func neverSharesNothing() async throws {
    try await withDirectory(on: .xfs) { directory in
      try directory.fill("a", 1 << 20)
      let result = try await directory.cp("--debug", "--reflink=never", "a", "b")
      #expect(
        result.output.contains("copy offload: avoided, reflink: no, sparse detection: no"))
      #expect(try directory.sharedBytes("a", "b") == 0)
    }
  }

  @Test(arguments: [TestFileSystem.quietXfs, .quietBtrfs])
  func aGibibyteIsSharedWhole(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try await shell("head -c 1G /dev/urandom > a; sync", in: directory.path)
      let before = try directory.free()
      #expect(try await directory.cp("a", "b").status == 0)
      #expect(try directory.sharedBytes("a", "b") == 1 << 30)
      #expect(try before - directory.free() < (1 << 30) / 10)
    }
  }

  @Test func aTebibyteOfHoleStaysOneOnExt4() async throws {
    try await withDirectory(on: .ext4) { directory in
      try directory.makeSparse("a", size: 1 << 40, data: [(500 << 30, 1 << 20)])
      #expect(try await directory.cp("a", "b").status == 0)
      #expect(try directory.status("b").st_size == 1 << 40)
      #expect(try directory.allocated("b") <= directory.allocated("a"))
      let part = "skip=500 bs=1G count=1 iflag=fullblock status=none"
      try await shell("cmp <(dd if=a \(part)) <(dd if=b \(part))", in: directory.path)
    }
  }

  @Test(arguments: TestFileSystem.main, ["always", "never", "auto"])
  func sparseModesKeepTheContents(_ system: TestFileSystem, _ mode: String) async throws {
    try await withDirectory(on: system) { directory in
      try directory.makeSparse("a", size: 4 << 20, data: [(1 << 20, 300_000)])
      #expect(try await directory.cp("--sparse=\(mode)", "a", "b").status == 0)
      #expect(try directory.read("a") == directory.read("b"))
      let allocated = try directory.allocated("b")
      #expect(mode == "never" ? allocated >= 4 << 20 : allocated < 1 << 20)
    }
  }

  @Test func aFileSizeLimitIsAnErrorNotADeath() async throws {
    for system in TestFileSystem.main {
      try await withDirectory(on: system) { directory in
        try directory.fill("a", 1 << 20)
        let result = try await directory.cp(["a", "b"], before: "ulimit -f 100")
        #expect(result.status == 1)
        #expect(result.errors.hasSuffix(": File too large\n"), "\(system): \(result.errors)")
      }
    }
  }

  @Test func dataGoesIntoDevicesAndPipes() async throws {
    try await withDirectory(on: .xfs) { directory in
      try directory.fill("a", 300_000)
      #expect(try await directory.cp("a", "/dev/null").status == 0)
      try await shell(
        "[ -c /dev/null ] && '\(BuiltCommand.path)' a /dev/stdout | cmp - a && cat a | '\(BuiltCommand.path)' /dev/stdin c && cmp a c",
        in: directory.path)
    }
  }

  @Test func outputThatCannotBeWrittenIsAnError() async throws {
    try await withDirectory(on: .xfs) { directory in
      try directory.fill("a", 10)
      let result = try await directory.cp(["-v", "a", "b"], before: "exec >/dev/full")
      #expect(result.status == 1)
      #expect(result.errors == "cp: write error: No space left on device\n")
    }
  }

  @Test func existingFilesAreOverwrittenInPlaceUnlessToldOtherwise() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell(
        "echo new > a; echo older > b; ln b hard; ln -s b soft; ln -s nowhere dangling",
        in: directory.path)
      #expect(try await directory.cp("-n", "a", "b").status == 0)
      #expect(try directory.read("b") == Array("older\n".utf8))
      #expect(try await directory.cp("a", "soft").status == 0)
      #expect(try directory.read("hard") == Array("new\n".utf8))
      let dangling = try await directory.cp("a", "dangling")
      #expect(dangling.errors == "cp: not writing through dangling symlink 'dangling'\n")
      #expect(dangling.status == 1)
      #expect(!directory.exists("nowhere"))
    }
  }

  @Test func aDeviceAsSourceIsReadAndWhatIsThereIsWrittenInto() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell(
        "echo old > b; chmod 640 b; ln b hard; ln -s b soft; mknod null c 1 3", in: directory.path)
      let before = try directory.status("b")
      #expect(try await directory.cp("/dev/null", "soft").status == 0)
      #expect(try directory.status("b").st_ino == before.st_ino)
      #expect(try directory.status("b").st_mode == before.st_mode)
      #expect(try directory.read("hard").isEmpty)
      #expect(try await directory.cp("/dev/null", "null").status == 0)
      #expect(try directory.status("null").st_mode & S_IFMT == S_IFCHR)
    }
  }

  @Test func aRequiredCloneThatFailsKeepsWhatIsThereWhereverItIs() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await withDirectory(on: .ext4) { other in
        try directory.fill("a", 5000)
        try directory.write("empty", [])
        try other.fill("b", 100)
        let before = try other.read("b")
        try await shell("ln -s '\(other["b"])' link", in: directory.path)
        for source in ["a", "empty", "/dev/null", "/proc/version"] {
          let result = try await directory.cp("--reflink=always", source, "link")
          #expect(result.status == 1)
          #expect(result.errors.hasPrefix("cp: failed to clone 'link' from"))
          #expect(try other.read("b") == before)
        }
        // Through a link from elsewhere into the right file system, it works.
        try directory.fill("there", 100)
        try await shell("ln -s '\(directory["there"])' back", in: other.path)
        #expect(try await directory.cp("--reflink=always", "a", other["back"]).status == 0)
        #expect(try directory.sharedBytes("a", "there") > 0)
        let limited = try await directory.cp(
          ["--reflink=always", "a", "there"], before: "ulimit -f 2")
        #expect(limited.errors == "cp: failed to clone 'there' from 'a': File too large\n")
        #expect(try directory.read("there") == directory.read("a"))
      }
    }
  }

  @Test func aLeasedSourceIsWaitedFor() async throws {
    try await withDirectory(on: .xfs) { directory in
      try directory.fill("a", 5000)
      // Holds a write lease until it is asked to give it back (SIGIO).
      let holder = """
        import fcntl, os, signal, sys, time
        f = os.open('a', os.O_RDWR)
        while True:
          try: fcntl.fcntl(f, fcntl.F_SETLEASE, fcntl.F_WRLCK)
          except BlockingIOError: time.sleep(0.01)
          else: break
        signal.signal(signal.SIGIO, lambda *_: sys.exit())
        open('held', 'w'); signal.pause()
        """
      try directory.write("holder.py", Array(holder.utf8))
      async let held = shell("python3 holder.py", in: directory.path)
      while !directory.exists("held") { try await Task.sleep(for: .milliseconds(5)) }
      let result = try await directory.cp("a", "b")
      _ = try await held
      #expect(result.status == 0, "\(result.errors)")
      #expect(try directory.read("a") == directory.read("b"))
    }
  }

  @Test func forceReplacesWhatCannotBeOpened() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell(
        "chmod 777 .; echo new > a; chmod 644 a; echo old > b; chmod 444 b; chown 1000 b",
        in: directory.path)
      let command = "setpriv --reuid=1000 --clear-groups '\(directory.path)/tool'"
      try await shell("cp '\(BuiltCommand.path)' tool; chmod 755 tool", in: directory.path)
      // A debug build needs its libraries, which others may not reach.
      guard (try? await shell("\(command) --version", in: directory.path)) != nil else { return }
      await #expect(throws: (any Error).self) {
        try await shell("\(command) a b", in: directory.path)
      }
      try await shell("\(command) -f a b", in: directory.path)
      #expect(try directory.read("b") == Array("new\n".utf8))
    }
  }

  /// In a directory that takes new names and gives none away.
  @Test func whatCannotBeRemovedAgainIsNamed() async throws {
    try await withDirectory(on: .ext4) { directory in
      try await shell("echo new > a; mkdir f; echo old > f/b", in: directory.path)
      try directory.setAppendOnly("f", true)
      let result = try await directory.cp("--remove-destination", "a", "f/b")
      let names = try await shell("ls -A f", in: directory.path).split(separator: "\n")
      let left = try #require(names.first { $0.hasPrefix(".reflink-") })
      #expect(
        result.errors
          == "cp: cannot remove 'f/b': Operation not permitted; left behind: 'f/\(left)'\n")
      #expect(result.status == 1)
      #expect(try directory.read("f/b") == Array("old\n".utf8))
      try directory.setAppendOnly("f", false)
    }
  }
}
