import Foundation
import TestSupport
import Testing

/// cp's grammar: how options and operands are understood.
@Suite(.onFileSystems, .timeLimit(.minutes(5))) struct GrammarTests {
  private func onXfs(_ body: (TestFolder) async throws -> Void) async throws {
    try await withFolder(on: .xfs) { folder in
      try await shell(
        "echo A > a; echo B > b; mkdir d e; echo C > d/c; ln -s e l; ln -s ../e d/l",
        in: folder.path)
      try await body(folder)
    }
  }

  @Test(arguments: [
    ["a", "new"], ["-T", "a", "new"], ["--", "a", "new"], ["a", "-v", "new"],
    ["--refl=auto", "a", "new"], ["--reflink", "a", "new"], ["--reflink=alw", "a", "new"],
    ["--spar=auto", "a", "new"], ["--no-targ", "a", "new"], ["-pfn", "a", "new"],
    ["--reflink=never", "--reflink=always", "a", "new"], ["--pres=mode,times", "a", "new"],
    ["--preserve", "a", "new"], ["./a", "./new"],
  ])
  func copiesOneFile(_ arguments: [String]) async throws {
    try await onXfs { folder in
      let result = try await folder.cp(arguments)
      #expect(result.status == 0, "\(result.errors)")
      #expect(result.errors == "")
      #expect(try folder.read("new") == Array("A\n".utf8))
    }
  }

  @Test(arguments: [
    ["a", "b", "e"], ["-t", "e", "a", "b"], ["-te", "a", "b"], ["a", "b", "-t", "e"],
    ["--target-directory=e", "a", "b"], ["--target", "e", "a", "b"], ["a", "b", "e/"],
    ["-vt", "e", "a", "b"], ["-rvte", "a", "b"],
  ])
  func copiesIntoAFolder(_ arguments: [String]) async throws {
    try await onXfs { folder in
      let result = try await folder.cp(arguments)
      #expect(result.status == 0, "\(result.errors)")
      #expect(try folder.read("e/a") == Array("A\n".utf8))
      #expect(try folder.read("e/b") == Array("B\n".utf8))
    }
  }

  @Test(arguments: [
    (["-r", "d", "new"], "new/c"), (["-R", "d/", "new/"], "new/c"), (["-a", "d", "e"], "e/d/c"),
    (["-rT", "d", "e"], "e/c"), (["-r", "d/.", "e"], "e/c"), (["-r", "d/../d", "e"], "e/d/c"),
    (["--recursive", "d", "a", "e"], "e/d/c"), (["--arch", "d", "e"], "e/d/c"),
  ])
  func copiesFolders(_ arguments: [String], _ expected: String) async throws {
    try await onXfs { folder in
      let result = try await folder.cp(arguments)
      #expect(result.status == 0, "\(result.errors)")
      #expect(folder.exists(expected))
    }
  }

  /// GNU's own answer is the expectation: the same words, the same status, and
  /// nothing changed on disk.
  @Test(
    arguments: [
      [], ["a"], ["-T", "a"], ["-T", "a", "b", "e"], ["a", "b", "nowhere"], ["a", "b", "a"],
      ["-t", "nowhere", "a"], ["-t", "a", "b"], ["-t", "d", "-t", "e", "a"], ["--zz", "a", "b"],
      ["-@", "a", "b"], ["--pre=foo", "a", "b"], ["--reflink=x", "a", "b"],
      ["--sparse=a", "a", "b"],
      ["--sparse=zz", "a", "b"], ["--sparse", "zz", "a", "b"],
      ["--reflink", "--sparse=always", "a", "b"],
      ["missing", "new"], ["missing", "a", "e"], ["d", "new"], ["d", "a", "e"], ["a", "nowhere/"],
      ["a", "nowhere/b"], ["a", "b/c"], ["a/", "new"], ["-T", "a", "d"], ["-rT", "d", "a"],
      ["a", "a"],
      ["-a", "a", "a"], ["-T", "a", "l"], ["-rT", "d", "l"], ["-aT", "d", "l"], ["-f", "a", "a"],
      ["-r", "d", "d"], ["-rT", "d", "d"], ["a", "./a"],
      ["-r", "d", "a"],
      ["-t"], ["--recur=x", "a", "b"], ["--no-clob", "missing", "b"], ["-T", "missing", "b"],
      ["it's missing", "x"], ["new\nline", "x"], ["tab\tand\u{1}\u{7f}", "x"], ["\"quote'd$", "x"],
      ["", "x"], ["a", ""], ["\u{e9}t\u{e9}", "x"], ["a!b's", "x"],
    ], ["C", "C.UTF-8"])
  func refusesMisuseInGNUsWords(_ arguments: [String], locale: String) async throws {
    try await onXfs { folder in
      let before = try await shell("find . -printf '%P %y %s\\n' | sort", in: folder.path)
      let ours = try await folder.cp(arguments, locale: locale)
      let between = try await shell("find . -printf '%P %y %s\\n' | sort", in: folder.path)
      let theirs = try await folder.cp(arguments, executable: "/bin/cp", locale: locale)
      #expect(ours.errors == theirs.errors)
      #expect(ours.status == theirs.status)
      // These copy what they can before they fail, as cp does.
      let copiesSome = [["-r", "d", "d"], ["missing", "a", "e"], ["d", "a", "e"]]
      if !copiesSome.contains(arguments) { #expect(before == between) }
    }
  }

  @Test func helpAndVersionGoToStandardOutput() async throws {
    try await onXfs { folder in
      let help = try await folder.cp("--help")
      #expect(help.status == 0)
      #expect(help.output.hasPrefix("Usage: cp "))
      #expect(help.errors == "")
      let version = try await folder.cp("--version", "a", "b")
      #expect(version.status == 0)
      #expect(version.output.hasPrefix("swift-cp-reflink "))
      #expect(try folder.read("b") == Array("B\n".utf8))
    }
  }

  @Test func optionsEndAtTheFirstOperandWhenPOSIXIsAskedFor() async throws {
    try await onXfs { folder in
      let result = try await folder.cp(["a", "-v", "e"], before: "export POSIXLY_CORRECT=1")
      #expect(result.status == 1)
      #expect(result.errors.contains("cannot stat '-v'"))
    }
  }
}
