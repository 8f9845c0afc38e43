import TestSupport
import Testing

/// Where newer versions of cp differ from those that are installed, or have more.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct NewerTests {
  private func onXfs(_ body: (TestDirectory) async throws -> Void) async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell(
        "echo new > a; echo old > b; touch -d 2001-01-01 b; mkdir d t; echo x > d/f; mkdir other; ln -s ../other t/d",
        in: directory.path)
      try await body(directory)
    }
  }

  @Test(arguments: [("y", 0, "new"), ("yes please", 0, "new"), ("n", 1, "old"), ("", 1, "old")])
  func aDeclinedPromptIsAFailure(_ answer: String, _ status: Int32, _ content: String) async throws
  {
    try await onXfs { directory in
      let result = try await directory.cp(["-i", "a", "b"], before: "exec < <(echo '\(answer)')")
      #expect(result.status == status)
      #expect(result.errors == "cp: overwrite 'b'? ")
      #expect(try directory.read("b") == Array("\(content)\n".utf8))
    }
  }

  @Test(arguments: [
    ("all", 0, "new", ""), ("none", 0, "old", ""), ("older", 0, "new", ""),
    ("none-fail", 1, "old", "cp: not replacing 'b'\n"),
  ])
  func updatesWhatIsAskedFor(
    _ which: String, _ status: Int32, _ content: String, _ errors: String
  ) async throws {
    try await onXfs { directory in
      let result = try await directory.cp("--update=\(which)", "a", "b")
      #expect(result.status == status)
      #expect(result.errors == errors)
      #expect(try directory.read("b") == Array("\(content)\n".utf8))
    }
  }

  @Test func aLinkToADirectoryIsEnteredWhenItIsToBeKept() async throws {
    try await onXfs { directory in
      let refused = try await directory.cp("-r", "d", "t")
      #expect(refused.errors == "cp: cannot overwrite non-directory 't/d' with directory 'd'\n")
      #expect(try await directory.cp("-r", "--keep-directory-symlink", "d", "t").status == 0)
      #expect(directory.exists("other/f"))
    }
  }

  @Test func copyingContentsFollowsLinksToDirectories() async throws {
    try await onXfs { directory in
      let result = try await directory.cp("-R", "--copy-contents", "d", "t")
      #expect(result.status == 0)
      #expect(directory.exists("other/f"))
    }
  }

  @Test func debugTellsOfDataOnlyWhereDataWasToGo() async throws {
    try await onXfs { directory in
      let copy = try await directory.cp("--debug", "a", "n")
      #expect(copy.output.contains("copy offload: unknown, reflink: yes, sparse detection:"))
      let attributes = try await directory.cp("--debug", "--attributes-only", "a", "b")
      #expect(attributes.output == "'a' -> 'b'\n")
      let skipped = try await directory.cp("--debug", "--update=none", "a", "b")
      #expect(skipped.output == "skipped 'b'\n")
    }
  }

  @Test func aForcedBackupOfAFileOntoItselfLeavesTheFile() async throws {
    try await onXfs { directory in
      let before = try directory.status("a").st_ino
      #expect(try await directory.cp("-bfv", "a", "a").output == "'a' -> 'a~'\n")
      #expect(try directory.status("a").st_ino == before)
      #expect(try directory.read("a~") == Array("new\n".utf8))
    }
  }

  @Test func directoriesOnTheWayGetTheirRightsAlsoWhenACopyFails() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell("mkdir -p s/d u; chmod 755 s s/d", in: directory.path)
      // A directory is omitted, without -r; the way to it is made all the same.
      #expect(try await directory.cp("-p", "--parents", "s/d", "u").status == 1)
      #expect(try directory.status("u/s").st_mode & 0o777 == 0o755)
    }
  }

  @Test func backupsExcludeLeavingFiles() async throws {
    try await onXfs { directory in
      let result = try await directory.cp("-bn", "a", "b")
      #expect(result.status == 1)
      #expect(
        result.errors.hasPrefix(
          "cp: --backup is mutually exclusive with -n or --update=none-fail\n"))
    }
  }

  @Test func aFailedCopyPutsTheBackupBack() async throws {
    try await withDirectory(on: .ext4) { directory in
      try directory.fill("a", 5000)
      try directory.fill("b", 100)
      let before = try directory.read("b")
      let result = try await directory.cp("--reflink=always", "-b", "a", "b")
      #expect(result.status == 1)
      #expect(try directory.read("b") == before)
      #expect(try directory.names() == ["a", "b"])
    }
  }

  @Test func aFullFileSystemLeavesWhatFits() async throws {
    try await withDirectory(on: .xfs) { source in
      try await withDirectory(on: .smallExt4) { directory in
        try source.fill("a", 40 << 20)
        let result = try await source.cp("a", directory["b"])
        #expect(result.status == 1)
        #expect(result.errors == "cp: error writing '\(directory["b"])': No space left on device\n")
        #expect(directory.exists("b"))
      }
    }
  }
}
