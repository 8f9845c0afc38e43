import TestSupport
import Testing

/// Questions: in cp's order, and answered by whoever is asked.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct AnswerTests {
  @Test(arguments: TestFileSystem.main)
  func asksInTheOrderOfInodes(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try await shell(
        """
        mkdir -p s t/s; for f in {1..300}; do echo new >s/$((f * 7919 % 1000)); done
        cp -r s t; mkdir s/sub t/s/sub; echo new >s/sub/z; echo old >t/s/sub/z
        """, in: directory.path)
      let asked = try await directory.answer(
        to: "yes n | cp -ri s t 2>&1 | tr '?' '\\n' | sed -n \"s/.*overwrite 't.//; s/'$//p\"")
      let byInode = try await shell(
        "ls -U -i s | sort -n | awk '{print \"s/\" $2}' | sed 's,^s/sub$,s/sub/z,'",
        in: directory.path)
      #expect(asked == byInode)
    }
  }

  /// A "no" is remembered in the status, and the next file is asked about.
  @Test func eachNoIsAFailureAndTheRestGoesOn() async throws {
    try await withDirectory(on: .xfs) { directory in
      let answer = try await directory.answer(
        to: """
          mkdir s t; echo 1 >s/a; echo 1 >s/b; echo 0 >t/a; echo 0 >t/b
          printf 'n\\ny\\n' | cp -ri s/. t >said 2>&1; echo $?; cat t/*
          """)
      #expect(answer == "1\n0\n1\n" || answer == "1\n1\n0\n")
    }
  }

  /// With standard input closed, the answer never comes from a file that was opened instead.
  @Test(arguments: ["<&-", "<&- >&-", "<&- >&- 2>&-"])
  func nothingAnswersInThePlaceOfAClosedInput(_ closed: String) async throws {
    try await withDirectory(on: .xfs) { directory in
      let answer = try await directory.answer(
        to:
          "echo yes>a; echo old>b; cp -i a b \(closed) 2>said; echo $?; cat b; cp a c \(closed); cat c"
      )
      #expect(answer == "1\nold\nyes\n")
    }
  }
}
