import Foundation
import TestSupport
import Testing

/// `-g`, `--progress`: what a terminal, and what a file, sees of it.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct ProgressTests {
  /// What the command writes to a terminal of so many columns.
  private func seen(
    _ arguments: String, columns: Int, in directory: TestDirectory
  ) async throws -> String {
    try await shell(
      """
      LC_ALL=C.UTF-8 script -qefc "stty cols \(columns); '\(BuiltCommand.path)' \(arguments)" typescript </dev/null
      """, in: directory.path)
  }

  @Test(arguments: TestFileSystem.main)
  func theLineIsGoneWhenItIsDone(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try directory.fill("a", 1 << 20)
      let text = try await seen(
        "-g --limit-rate=512K --reflink=never a b", columns: 80, in: directory)
      let lines = text.components(separatedBy: "\r")
      #expect(lines.contains { $0.contains("of 1.0 MiB") && $0.hasSuffix("\u{1b}[K") })
      #expect(text.hasSuffix("\r\u{1b}[K"))
      #expect(try directory.read("b") == directory.read("a"))
    }
  }

  /// The last column stays free; the name is longer, and wide, and has no room in 40.
  @Test(arguments: [40, 72])
  func fitsANarrowTerminal(_ width: Int) async throws {
    try await withDirectory(on: .ext4) { directory in
      let name = String(repeating: "日本", count: 20)
      try directory.fill(name, 1 << 20)
      let text = try await seen("-g --limit-rate=512K '\(name)' b", columns: width, in: directory)
      let lines = text.components(separatedBy: "\r").filter { $0.hasSuffix("\u{1b}[K") }
      #expect(lines.count > 1)
      // The tail of the name, of characters of two columns each.
      #expect(lines.contains { $0.contains("日") } == (width > 40))
      for line in lines {
        let columns = line.dropLast(3).unicodeScalars.reduce(0) {
          $0 + ("日本".unicodeScalars.contains($1) ? 2 : 1)
        }
        #expect(columns < width, "\(line)")
      }
    }
  }

  @Test func messagesAreLinesOfTheirOwn() async throws {
    try await withDirectory(on: .ext4) { directory in
      try await shell(
        "mkdir s t; head -c 300000 /dev/zero >s/a; mkfifo s/b; ln s/a s/c", in: directory.path)
      let text = try await seen(
        "-rvg --limit-rate=300K s/. gone s/a t || :", columns: 80, in: directory)
      for line in text.split(whereSeparator: \.isNewline) where line.contains("->") {
        // Whatever was on the line before is erased.
        #expect(line.hasPrefix("'s/") || line.contains("\u{1b}[K's/"))
      }
      #expect(text.contains("cannot stat 'gone': No such file or directory\r\n"))
    }
  }

  @Test func withoutATerminalNothingIsSaid() async throws {
    try await withDirectory(on: .xfs) { directory in
      try directory.fill("a", 1 << 20)
      let result = try await directory.cp("-g", "a", "b")
      #expect(result.status == 0 && result.errors == "" && result.output == "")
    }
  }

  @Test func withoutATerminalLinesCanBeAskedFor() async throws {
    try await withDirectory(on: .ext4) { directory in
      try directory.fill("a", 3 << 20)
      let result = try await directory.cp("--progress=always", "--reflink=never", "a", "b")
      #expect(result.status == 0 && result.output == "")
      #expect(result.errors.hasPrefix("100%  3.0 MiB of 3.0 MiB"))
      #expect(result.errors.hasSuffix("\n"))
      #expect(result.errors.split(separator: "\n").count == 1)
    }
  }

  /// Links are counted as the files that they stand for.
  @Test(arguments: ["-l", "-s", "--attributes-only"])
  func whatIsLinkedIsCounted(_ option: String) async throws {
    try await withDirectory(on: .ext4) { directory in
      try await shell("mkdir s; for i in $(seq 20); do echo x >s/$i; done", in: directory.path)
      let result = try await directory.cp("--progress=always", option, "-r", directory["s"], "t")
      #expect(result.status == 0 && result.errors.hasPrefix("20 files"))
    }
  }

  /// As dd.
  @Test func aSignalAsksForOneLine() async throws {
    try await withDirectory(on: .ext4) { directory in
      try await shell("mkfifo s; : >errors", in: directory.path)
      let errors = try await shell(
        """
        exec 3<>s
        '\(BuiltCommand.path)' -g s b 2>errors & p=$!
        head -c 4096 /dev/zero >&3
        until [ "$(stat -c %s b 2>/dev/null)" = 4096 ]; do sleep 0.01; done
        until [ -s errors ]; do kill -s USR1 $p; sleep 0.05; done
        kill -s TERM $p; wait $p
        cat errors
        """, in: directory.path)
      #expect(errors.split(separator: "\n").allSatisfy { $0.contains("4.0 KiB") })
    }
  }

  /// The counting runs beside the copy, by a thread of its own: a pipe that nobody writes to holds the
  /// copy until it is over.
  @Test func aTreeIsCountedWhileItIsCopied() async throws {
    try await withDirectory(on: .ext4) { directory in
      let errors = try await shell(
        """
        mkdir s t; for i in $(seq 50); do head -c 20000 /dev/zero >s/$i; done; mkfifo pipe; : >errors
        '\(BuiltCommand.path)' -g -r --copy-contents pipe s t 2>errors & p=$!
        # The signals are held once the pipe's copy is begun.
        until [ -e t/pipe ]; do sleep 0.05; done
        until grep -q ' of ' errors; do kill -s USR1 $p; sleep 0.05; done
        : >pipe; wait $p; tail -n 1 errors
        """, in: directory.path)
      #expect(errors.contains(" of 976 KiB"))
      #expect(errors.contains("/50 files"))
      #expect(try await shell("diff -r s t/s", in: directory.path) == "")
    }
  }

  /// A file of a tree takes the same calls with a line shown or not.
  @Test func costsNoCallForAFile() async throws {
    try await withDirectory(on: .xfs) { directory in
      func calls(_ option: String, _ count: Int) async throws -> Int {
        try await shell(
          "rm -rf t; mkdir -p s; rm -f s/*; for i in $(seq \(count)); do echo $i > s/$i; done",
          in: directory.path)
        let text = try await shell(
          // Those of the thread that copies; another one counts beside it.
          """
          strace -f -o trace '\(BuiltCommand.path)' -r -j1 \(option) s t 2>/dev/null
          awk 'NR == 1 {p = $1} $1 == p && !/resumed>/' trace | grep -cE 'openat|statx|ioctl|close|read|write'
          """,
          in: directory.path)
        return try #require(Int(text.trimmingCharacters(in: .whitespacesAndNewlines)))
      }
      let without = try await calls("--progress=never", 600) - calls("--progress=never", 200)
      let with = try await calls("-g", 600) - calls("-g", 200)
      #expect(abs(with - without) < 20)
    }
  }
}
