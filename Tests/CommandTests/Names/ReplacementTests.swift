import Foundation
import TestSupport
import Testing

/// What is to be replaced stays until there is something in its place, whatever fails.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct ReplacementTests {
  /// The first call, or the second, where the first finds the name taken.
  @Test(
    arguments: ["-a --remove-destination s/a t/a", "-af s/a t/a", "-a -T s t", "-af -T s t"],
    ["1", "2", "1+"])
  func aFileOutlivesALinkForWhichThereIsNoSpace(_ arguments: String, _ calls: String)
    async throws
  {
    try await withDirectory(on: .xfs) { directory in
      try await shell("mkdir s t; ln -s target s/a; echo old > t/a", in: directory.path)
      let (result, _) = try await directory.tracedCp(
        ["-e", "inject=symlinkat,symlink:error=ENOSPC:when=\(calls)"],
        arguments.split(separator: " ").map(String.init))
      if result.status == 0, calls == "2" {
        #expect(try await shell("readlink t/a", in: directory.path) == "target\n")
      } else {
        #expect(result.status == 1)
        #expect(result.errors.contains("No space left on device"))
        #expect((try? directory.read("t/a")) == Array("old\n".utf8))
      }
      #expect(try await shell("ls -A t", in: directory.path) == "a\n")
    }
  }

  /// A second name of a file that has as many as it may have already.
  @Test(arguments: ["-a", "-a --remove-destination", "-af"], ["1", "2", "1+"])
  func aFileOutlivesANameThatCannotBeMade(_ options: String, _ calls: String) async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell(
        "mkdir s t; echo new > s/a; ln s/a s/b; echo old a > t/a; echo old b > t/b",
        in: directory.path)
      let (result, _) = try await directory.tracedCp(
        ["-e", "inject=linkat,link:error=EMLINK:when=\(calls)"],
        options.split(separator: " ").map(String.init) + ["-j1", "-T", "s", "t"])
      let contents = ["a", "b"].map {
        String(decoding: (try? directory.read("t/\($0)")) ?? [], as: UTF8.self)
      }
      // Copied anew, or told and left: never gone.
      if result.status == 0 {
        #expect(contents == ["new\n", "new\n"])
      } else {
        #expect(contents.sorted() == ["new\n", contents[0] == "new\n" ? "old b\n" : "old a\n"])
      }
      #expect(try await shell("ls -A t", in: directory.path) == "a\nb\n")
    }
  }

  /// The first process looks for a number, and gives it after the second has done so.
  @Test func twoNumberedBackupsOfOneNameAreTwo() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell("echo v0 > f; echo v1 > s1; echo v2 > s2", in: directory.path)
      async let first = directory.tracedCp(
        ["-e", "inject=renameat2,renameat,rename:delay_enter=3000000:when=1"],
        ["--backup=numbered", "s1", "f"])
      // While that waits.
      try await Task.sleep(for: .milliseconds(1200))
      let second = try await directory.cp("--backup=numbered", "s2", "f")
      let one = try await first
      #expect(second.errors == "")
      #expect(one.result.errors == "")
      let found = try await shell("cat f f.~* | sort; ls", in: directory.path)
      #expect(found == "v0\nv1\nv2\nf\nf.~1~\nf.~2~\ns1\ns2\n")
    }
  }
}
