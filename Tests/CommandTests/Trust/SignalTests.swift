import Foundation
import TestSupport
import Testing

/// Signals that end the command: what it made and is not complete goes, then it ends by the
/// same signal.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct SignalTests {
  static let ending = ["INT", "TERM", "HUP", "PIPE"]

  /// Starts the command as a shell does in the foreground, sends signals, tells how it ended.
  private func interrupt(
    _ directory: TestDirectory, _ arguments: String, with signal: String, once ready: String
  ) async throws -> String {
    try await shell(
      """
      env --default-signal=INT,TERM,HUP,PIPE '\(BuiltCommand.path)' \(arguments) 2>errors & p=$!
      until \(ready) || ! kill -0 $p 2>/dev/null; do sleep 0.004; done
      kill -s \(signal) $p 2>/dev/null
      wait $p 2>/dev/null; s=$?
      [ $s -gt 128 ] && kill -l $((s - 128)) || echo $s
      cat errors
      """, in: directory.path)
  }

  @Test(arguments: TestFileSystem.main, ending)
  func aTreeHasNoPartOfAFile(_ system: TestFileSystem, _ signal: String) async throws {
    try await withDirectory(on: system) { directory in
      try await shell(
        """
        mkdir s; for i in $(seq 400); do head -c 70001 /dev/urandom > s/$i; done
        mkdir d; for i in $(seq 400); do echo old > d/$i; done
        """, in: directory.path)
      // Replaced as a whole, so that each has a temporary name for a while.
      var isEnded = false
      for count in [2, 20, 80] where !isEnded {
        let ended = try await interrupt(
          directory, "-a -T --remove-destination --reflink=never -j 3 s d", with: signal,
          once: "[ $(find d -size +9k | head -\(count) | wc -l) -ge \(count) ]")
        #expect(ended == "\(signal)\n" || ended == "0\n")
        isEnded = ended != "0\n"
        #expect(
          try await shell(
            """
            ls -A d | grep -v '^[0-9]*$'
            cd d; for i in *; do cmp -s $i ../s/$i || grep -qx old $i || echo $i; done
            """, in: directory.path) == "")
      }
    }
  }

  @Test(arguments: TestFileSystem.main, ending)
  func aNewFileThatIsNotCompleteGoes(_ system: TestFileSystem, _ signal: String) async throws {
    try await withDirectory(on: system) { directory in
      try await shell("mkfifo f; sleep 1000 > f & echo $! > p", in: directory.path)
      let ended = try await interrupt(
        directory, "f new", with: signal, once: "[ -e new ]")
      #expect(ended == "\(signal)\n")
      #expect(!directory.exists("new"))
      try await shell("kill $(cat p)", in: directory.path)
    }
  }

  @Test func aFileThatWasThereStays() async throws {
    try await withDirectory(on: .ext4) { directory in
      try await shell(
        "mkfifo f; sleep 1000 > f & echo $! > p; echo old > old", in: directory.path)
      let ended = try await interrupt(directory, "f old", with: "TERM", once: "[ ! -s old ]")
      #expect(ended == "TERM\n")
      #expect(directory.exists("old"))
      try await shell("kill $(cat p)", in: directory.path)
    }
  }

  @Test(arguments: TestFileSystem.clonable, ["INT", "TERM"])
  func aLongCloneEndsWithItsName(_ system: TestFileSystem, _ signal: String) async throws {
    try await withDirectory(on: system) { directory in
      try directory.makeFragmented("a", extents: 40_000)
      let ended = try await interrupt(
        directory, "a b", with: signal,
        once: "[ -e /proc/$p/task/$p/children ] && [ -s /proc/$p/task/$p/children ]")
      #expect(ended == "\(signal)\n" || ended == "0\n")
      #expect(directory.exists("b") == (ended == "0\n"))
    }
  }

  @Test func whatIsIgnoredStaysIgnored() async throws {
    try await withDirectory(on: .ext4) { directory in
      let ended = try await shell(
        """
        mkfifo f; trap '' HUP INT
        '\(BuiltCommand.path)' f new & p=$!
        exec 3> f; until [ -e new ]; do :; done
        kill -HUP $p; kill -INT $p; echo data >&3; exec 3>&-
        wait $p; echo $?; cat new
        """, in: directory.path)
      #expect(ended == "0\ndata\n")
    }
  }

  @Test func aQuestionIsNotAnsweredByASignal() async throws {
    try await withDirectory(on: .ext4) { directory in
      try await shell(
        "echo new > a; echo old > b; mkfifo answer; sleep 1000 > answer & echo $! > p",
        in: directory.path)
      let ended = try await interrupt(
        directory, "-i a b < answer", with: "TERM", once: "[ -s errors ]")
      #expect(ended.hasPrefix("TERM\n"))
      #expect(try directory.read("b") == Array("old\n".utf8))
      try await shell("kill $(cat p)", in: directory.path)
    }
  }
}
