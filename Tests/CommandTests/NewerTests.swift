import TestSupport
import Testing

/// Where newer versions of cp differ from those that are installed, or have more.
@Suite(.onFileSystems, .timeLimit(.minutes(8))) struct NewerTests {
  private func onXfs(_ body: (TestFolder) async throws -> Void) async throws {
    try await withFolder(on: .xfs) { folder in
      try await shell(
        "echo new > a; echo old > b; touch -d 2001-01-01 b; mkdir d t; echo x > d/f; mkdir other; ln -s ../other t/d",
        in: folder.path)
      try await body(folder)
    }
  }

  @Test(arguments: [("y", 0, "new"), ("yes please", 0, "new"), ("n", 1, "old"), ("", 1, "old")])
  func aDeclinedPromptIsAFailure(_ answer: String, _ status: Int32, _ content: String) async throws
  {
    try await onXfs { folder in
      let result = try await folder.cp(["-i", "a", "b"], before: "exec < <(echo '\(answer)')")
      #expect(result.status == status)
      #expect(result.errors == "cp: overwrite 'b'? ")
      #expect(try folder.read("b") == Array("\(content)\n".utf8))
    }
  }

  @Test(arguments: [
    ("all", 0, "new", ""), ("none", 0, "old", ""), ("older", 0, "new", ""),
    ("none-fail", 1, "old", "cp: not replacing 'b'\n"),
  ])
  func updatesWhatIsAskedFor(
    _ which: String, _ status: Int32, _ content: String, _ errors: String
  ) async throws {
    try await onXfs { folder in
      let result = try await folder.cp("--update=\(which)", "a", "b")
      #expect(result.status == status)
      #expect(result.errors == errors)
      #expect(try folder.read("b") == Array("\(content)\n".utf8))
    }
  }

  @Test func aLinkToAFolderIsEnteredWhenItIsToBeKept() async throws {
    try await onXfs { folder in
      let refused = try await folder.cp("-r", "d", "t")
      #expect(refused.errors == "cp: cannot overwrite non-directory 't/d' with directory 'd'\n")
      #expect(try await folder.cp("-r", "--keep-directory-symlink", "d", "t").status == 0)
      #expect(folder.exists("other/f"))
    }
  }

  @Test func copyingContentsFollowsLinksToFolders() async throws {
    try await onXfs { folder in
      let result = try await folder.cp("-R", "--copy-contents", "d", "t")
      #expect(result.status == 0)
      #expect(folder.exists("other/f"))
    }
  }

  @Test func debugTellsOfDataOnlyWhereDataWasToGo() async throws {
    try await onXfs { folder in
      let copy = try await folder.cp("--debug", "a", "n")
      #expect(copy.output.contains("copy offload: unknown, reflink: yes, sparse detection:"))
      let attributes = try await folder.cp("--debug", "--attributes-only", "a", "b")
      #expect(attributes.output == "'a' -> 'b'\n")
      let skipped = try await folder.cp("--debug", "--update=none", "a", "b")
      #expect(skipped.output == "skipped 'b'\n")
    }
  }

  @Test func aForcedBackupOfAFileOntoItselfLeavesTheFile() async throws {
    try await onXfs { folder in
      let before = try folder.status("a").st_ino
      #expect(try await folder.cp("-bfv", "a", "a").output == "'a' -> 'a~'\n")
      #expect(try folder.status("a").st_ino == before)
      #expect(try folder.read("a~") == Array("new\n".utf8))
    }
  }

  @Test func foldersOnTheWayGetTheirRightsAlsoWhenACopyFails() async throws {
    try await withFolder(on: .xfs) { folder in
      try await shell("mkdir -p s/d t; chmod 755 s s/d; echo x > s/d/f", in: folder.path)
      // The second folder of the way is a file in the destination.
      try await shell("mkdir -p u/s; echo y > u/s/d; chmod 700 u/s", in: folder.path)
      #expect(try await folder.cp("-p", "--parents", "s/d/f", "u").status == 1)
      #expect(try folder.status("u/s").st_mode & 0o777 == 0o755)
    }
  }

  @Test func backupsExcludeLeavingFiles() async throws {
    try await onXfs { folder in
      let result = try await folder.cp("-bn", "a", "b")
      #expect(result.status == 1)
      #expect(
        result.errors.hasPrefix(
          "cp: --backup is mutually exclusive with -n or --update=none-fail\n"))
    }
  }

  @Test func aFailedCopyPutsTheBackupBack() async throws {
    try await withFolder(on: .ext4) { folder in
      try folder.fill("a", 5000)
      try folder.fill("b", 100)
      let before = try folder.read("b")
      let result = try await folder.cp("--reflink=always", "-b", "a", "b")
      #expect(result.status == 1)
      #expect(try folder.read("b") == before)
      #expect(try folder.names() == ["a", "b"])
    }
  }

  @Test func aFullFileSystemLeavesWhatFits() async throws {
    try await withFolder(on: .xfs) { source in
      try await withFolder(on: .smallExt4) { folder in
        try source.fill("a", 40 << 20)
        let result = try await source.cp("a", folder["b"])
        #expect(result.status == 1)
        #expect(result.errors == "cp: error writing '\(folder["b"])': No space left on device\n")
        #expect(folder.exists("b"))
      }
    }
  }
}
