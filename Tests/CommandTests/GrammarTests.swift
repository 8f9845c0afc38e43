import Foundation
import TestSupport
import Testing

/// cp's grammar: how options and operands are understood.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct GrammarTests {
  private func onXfs(_ body: (TestDirectory) async throws -> Void) async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell(
        "echo A > a; echo B > b; mkdir d e; echo C > d/c; ln -s e l; ln -s ../e d/l",
        in: directory.path)
      try await body(directory)
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
    try await onXfs { directory in
      let result = try await directory.cp(arguments)
      #expect(result.status == 0, "\(result.errors)")
      #expect(result.errors == "")
      #expect(try directory.read("new") == Array("A\n".utf8))
    }
  }

  @Test(arguments: [
    ["a", "b", "e"], ["-t", "e", "a", "b"], ["-te", "a", "b"], ["a", "b", "-t", "e"],
    ["--target-directory=e", "a", "b"], ["--target", "e", "a", "b"], ["a", "b", "e/"],
    ["-vt", "e", "a", "b"], ["-rvte", "a", "b"],
  ])
  func copiesIntoADirectory(_ arguments: [String]) async throws {
    try await onXfs { directory in
      let result = try await directory.cp(arguments)
      #expect(result.status == 0, "\(result.errors)")
      #expect(try directory.read("e/a") == Array("A\n".utf8))
      #expect(try directory.read("e/b") == Array("B\n".utf8))
    }
  }

  @Test(arguments: [
    (["-r", "d", "new"], "new/c"), (["-R", "d/", "new/"], "new/c"), (["-a", "d", "e"], "e/d/c"),
    (["-rT", "d", "e"], "e/c"), (["-r", "d/.", "e"], "e/c"), (["-r", "d/../d", "e"], "e/d/c"),
    (["--recursive", "d", "a", "e"], "e/d/c"), (["--arch", "d", "e"], "e/d/c"),
  ])
  func copiesDirectories(_ arguments: [String], _ expected: String) async throws {
    try await onXfs { directory in
      let result = try await directory.cp(arguments)
      #expect(result.status == 0, "\(result.errors)")
      #expect(directory.exists(expected))
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
    try await onXfs { directory in
      let before = try await shell("find . -printf '%P %y %s\\n' | sort", in: directory.path)
      let ours = try await directory.cp(arguments, locale: locale)
      let between = try await shell("find . -printf '%P %y %s\\n' | sort", in: directory.path)
      let theirs = try await directory.cp(arguments, executable: "/bin/cp", locale: locale)
      #expect(inOldWords(ours.errors) == theirs.errors)
      #expect(ours.status == theirs.status)
      // These copy what they can before they fail, as cp does.
      let copiesSome = [["-r", "d", "d"], ["missing", "a", "e"], ["d", "a", "e"]]
      if !copiesSome.contains(arguments) { #expect(before == between) }
    }
  }

  /// The same for what the file system refuses, also to root without its privileges.
  @Test(arguments: [
    ["unreadable", "new"], ["unreadable", "a", "e"], ["a", "unwritable"],
    ["--remove-destination", "a", "locked/f"], ["-f", "a", "locked/f"], ["a", "locked/new"],
    ["-r", "closed", "new"], ["-b", "a", "locked/f"], ["-l", "a", "locked/new"],
    ["-s", "a", "locked/new"], ["-r", "d", "locked/new"], ["-p", "unreadable", "new"],
    ["a", String(repeating: "n", count: 256)], [String(repeating: "n", count: 256), "new"],
    ["a", "a/b"], ["a", "-t", "b"], ["a", "b", "a"], ["a", "loop"], ["loop", "new"],
    ["a", "closed/x"], ["-r", "d", "closed/x"], ["-l", "a", "closed/x"], ["closed/x", "new"],
  ])
  func refusesBadInputInGNUsWords(_ arguments: [String]) async throws {
    try await onXfs { directory in
      try await shell(
        """
        echo x > unreadable; chmod 0 unreadable; echo x > unwritable; chmod 444 unwritable
        mkdir locked closed; echo x > locked/f; chmod 444 locked/f; chmod 555 locked; chmod 0 closed; ln -s loop loop
        """, in: directory.path)
      var results: [CommandResult] = []
      let state = "find . -mindepth 1 -printf '%P %y %s\\n' | grep -v wrapper | sort"
      let before = try await shell(state, in: directory.path)
      for program in [BuiltCommand.path, "/bin/cp"] {
        // Written by a child: a program that this process has open for writing, or has just
        // handed to another test's child, cannot be run (ETXTBSY).
        try await shell(
          "cat > wrapper <<'END'\n\(withoutPrivileges(program))\nEND\nchmod 755 wrapper",
          in: directory.path)
        results.append(try await directory.cp(arguments, executable: directory["wrapper"]))
        // What came before the failure was copied, and a directory made.
        if results.count == 1, !["e", "new"].contains(arguments.last) {
          #expect(try await shell(state, in: directory.path) == before)
        }
        try await shell("chmod 700 new 2>/dev/null; rm -rf new e/*", in: directory.path)
      }
      #expect(results[0].errors == results[1].errors)
      #expect(results[0].status == 1)
      #expect(results[1].status == 1)
    }
  }

  /// A script that runs a program as root without the right to pass over modes.
  private func withoutPrivileges(_ program: String) -> String {
    """
    #!/bin/bash
    exec setpriv --bounding-set=-dac_override,-dac_read_search --inh-caps=-all \
      bash -c 'exec -a cp "\(program)" "$@"' cp "$@"
    """
  }

  @Test(arguments: [
    ["--jobs=2", "-r", "d", "new"], ["-r", "--jobs", "2", "d", "new"], ["-rj2", "d", "new"],
    ["d", "-r", "new", "--jobs=1"], ["d", "--jobs", "3", "new", "-r"],
  ])
  func ourOwnOptionsStandAnywhere(_ arguments: [String]) async throws {
    try await onXfs { directory in
      let result = try await directory.cp(arguments)
      #expect(result.errors == "")
      #expect(try directory.read("new/c") == Array("C\n".utf8))
    }
  }

  @Test func ourOwnOptionsCountOnlyInFull() async throws {
    try await onXfs { directory in
      // What cp says of an option that it has not, and of one that it has.
      for option in ["--job=2", "--j", "--jo", "--jobss", "--re", "--no", "--pre"] {
        let ours = try await directory.cp(option, "a", "other")
        let theirs = try await directory.gnuCp(option, "a", "other")
        #expect(ours.errors == theirs.errors)
        #expect(ours.status == theirs.status)
      }
      for (option, message) in [
        ("--jobs=0", "invalid number of jobs: '0'"), ("--jobs=x", "invalid number of jobs: 'x'"),
        ("-j-1", "invalid number of jobs: '-1'"), ("--jobs=", "invalid number of jobs: ''"),
      ] {
        let result = try await directory.cp("-r", option, "d", "new")
        #expect(result.errors.hasPrefix("cp: \(message)\n"))
        #expect(result.status == 1)
        #expect(!directory.exists("new"))
      }
      let last = try await directory.cp("-r", "d", "new", "--jobs")
      #expect(last.errors.hasPrefix("cp: option '--jobs' requires an argument\n"))
      #expect(last.status == 1)
      // An operand may have the name.
      let operand = try await directory.cp("a", "--", "--jobs")
      #expect(operand.status == 0)
      #expect(directory.exists("--jobs"))
    }
  }

  @Test func helpAndVersionGoToStandardOutput() async throws {
    try await onXfs { directory in
      let help = try await directory.cp("--help")
      #expect(help.status == 0)
      #expect(help.output.hasPrefix("Usage: cp "))
      #expect(help.errors == "")
      let version = try await directory.cp("--version", "a", "b")
      #expect(version.status == 0)
      #expect(version.output.hasPrefix("swift-cp-reflink "))
      #expect(try directory.read("b") == Array("B\n".utf8))
    }
  }

  @Test func optionsEndAtTheFirstOperandWhenPOSIXIsAskedFor() async throws {
    try await onXfs { directory in
      let result = try await directory.cp(["a", "-v", "e"], before: "export POSIXLY_CORRECT=1")
      #expect(result.status == 1)
      #expect(result.errors.contains("cannot stat '-v'"))
    }
  }
}
