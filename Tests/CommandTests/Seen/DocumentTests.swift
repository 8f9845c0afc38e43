import Foundation
import TestSupport
import Testing

/// The manual page and the completions, made from the option table.
@Suite(.timeLimit(.minutes(20))) struct DocumentTests {
  private static let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../..").standardizedFileURL.path

  @Test func areWhatTheCommandSays() async throws {
    try await shell(
      "/usr/bin/python3 Scripts/generate-documents --check '\(BuiltCommand.path)'", in: Self.package
    )
  }

  @Test func theManualPageHasNoWarnings() async throws {
    let warnings = try await shell(
      """
      mandoc -Tlint -W warning Documentation/swift-cp-reflink.1
      LC_ALL=C.UTF-8 MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z Documentation/swift-cp-reflink.1 2>&1 >/dev/null
      """, in: Self.package)
    #expect(warnings == "")
  }

  /// Types a line into an interactive shell, then a tab, until what is on the screen has these words.
  private func complete(
    _ shellCommand: String, _ setUp: String, _ line: String, _ expected: [String]
  ) async throws {
    let quoted = expected.map { "\"\($0)\"" }.joined(separator: ", ")
    let seen = try await shell(
      """
      cd "$(mktemp -d)"; trap 'rm -rf "$PWD"' EXIT; mkdir folder "with space"; touch file.txt
      ln -s '\(BuiltCommand.path)' swift-cp-reflink
      /usr/bin/python3 - <<'EOF'
      import os, pty, select, time
      child, terminal = pty.fork()
      if child == 0:
          os.environ.update(PATH=os.getcwd() + ":" + os.environ["PATH"], TERM="dumb", HOME=os.getcwd())
          os.execvp("bash", ["bash", "-c", r'''\(shellCommand)'''])
      text = ""
      def read_until(words):
          global text
          end = time.monotonic() + 120
          while time.monotonic() < end and not all(word in text for word in words):
              if select.select([terminal], [], [], 0.2)[0]:
                  text += os.read(terminal, 65536).decode(errors="replace")
          if not all(word in text for word in words):
              raise SystemExit("not seen: " + repr(words) + " in " + repr(text))
      os.write(terminal, rb'''\(setUp)''' + b"; echo rea''dy\\n")
      read_until(["ready"])
      text = ""
      os.write(terminal, rb'''\(line)''' + b"\\t\\t")
      read_until([\(quoted)])
      os.close(terminal)
      os.kill(child, 9)
      os.waitpid(child, 0)
      EOF
      """)
    #expect(seen == "")
  }

  private static let lines: [(String, [String])] = [
    ("swift-cp-reflink --no-cl", ["--no-clobber"]),
    ("swift-cp-reflink --verify", ["--verify-sharing"]),
    ("swift-cp-reflink --reflink=a", ["always", "auto"]),
    ("swift-cp-reflink --update=none", ["none-fail"]),
    ("swift-cp-reflink fi", ["file.txt"]),
    ("swift-cp-reflink -t fo", ["folder"]),
    ("swift-cp-reflink -t with", ["with\\\\ space"]),
  ]

  @Test(arguments: lines)
  func bashCompletes(_ line: String, _ expected: [String]) async throws {
    try await complete(
      "exec bash --norc --noprofile -i",
      "source '\(Self.package)/Documentation/completions/swift-cp-reflink.bash' ", line, expected)
  }

  @Test(arguments: lines)
  func zshCompletes(_ line: String, _ expected: [String]) async throws {
    try await complete(
      "exec zsh -f -i",
      "fpath=('\(Self.package)/Documentation/completions' $fpath); autoload -Uz compinit; compinit -u -D",
      line, expected)
  }

  @Test(arguments: lines)
  func fishCompletes(_ line: String, _ expected: [String]) async throws {
    let seen = try await shell(
      """
      cd "$(mktemp -d)"; trap 'rm -rf "$PWD"' EXIT; mkdir folder "with space"; touch file.txt
      HOME=$PWD fish --no-config -c 'source "\(Self.package)/Documentation/completions/swift-cp-reflink.fish"; complete -C "\(line)"'
      """)
    // It lists names as they are.
    for word in expected.map({ $0.replacingOccurrences(of: "\\\\", with: "") }) {
      #expect(seen.contains(word), "\(line): \(seen)")
    }
  }
}
