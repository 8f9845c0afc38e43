import TestSupport
import Testing

/// The largest sizes and numbers that there are.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct HugeFileTests {
  @Test(
    arguments: [TestFileSystem.tmpfs, .xfs],
    [
      "--reflink=never huge out", "--sparse=always huge out", "-r d out",
      "-r --reflink=never d out",
    ])
  func areCopied(_ system: TestFileSystem, _ arguments: String) async throws {
    try await withDirectory(on: system) { directory in
      try await shell(
        "truncate -s 9223372036854775807 huge; mkdir d; cp --sparse=always huge d/a; cp huge d/b",
        in: directory.path)
      let result = try await directory.cp(
        arguments.split(separator: " ").map(String.init), before: "ulimit -t 60")
      #expect(result.errors == "")
      #expect(result.status == 0)
      let sizes = try await shell(
        "find out -type f -printf '%s\\n'; rm -r out", in: directory.path)
      #expect(sizes.split(separator: "\n").allSatisfy { $0 == "9223372036854775807" })
    }
  }

  @Test(arguments: [
    ("18446744073709551615", "18446744073709551616"),
    ("9223372036854775807", "9223372036854775808"),
    ("99999999999999999999999999", "100000000000000000000000000"),
    ("123456789012345678901234567890", "123456789012345678901234567891"),
  ])
  func backupsAreCountedOn(_ number: String, _ next: String) async throws {
    try await withDirectory(on: .xfs) { directory in
      for command in ["/bin/cp", BuiltCommand.path] {
        try await shell(
          "rm -f f*; echo old > f; echo new > s; touch 'f.~\(number)~'", in: directory.path)
        let result = try await directory.cp(["--backup=numbered", "s", "f"], executable: command)
        #expect(result.errors == "")
        #expect(result.status == 0)
        #expect(try await shell("cat f 'f.~\(next)~'", in: directory.path) == "new\nold\n")
      }
    }
  }
}
