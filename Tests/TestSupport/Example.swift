import Testing

/// A few shell commands, `cp` among them, and all that they print.
public struct Example: Sendable, CustomTestStringConvertible {
  public let testDescription: String
  public let script: String
  public let answer: String

  /// What it shows, the commands, and what they print on both streams.
  public init(_ behaviour: String, _ script: String, _ answer: String) {
    testDescription = behaviour
    self.script = script
    self.answer = answer
  }
}

extension TestDirectory {
  /// What a script prints in this directory, where `cp` is our command. By a user without rights
  /// with `asUser`.
  public func answer(to script: String, asUser: Bool = false) async throws -> String {
    let cp = "export LC_ALL=C; cp() { (exec -a cp '\(BuiltCommand.path)' \"$@\"); }; export -f cp"
    let shell = asUser ? "setpriv --reuid 65534 --regid 65534 --clear-groups bash" : "bash"
    return try await TestSupport.shell(
      "\(cp)\n\(shell) -c '\(script.replacing("'", with: "'\\''"))' 2>&1 </dev/null || true",
      in: path)
  }

  /// Runs an example in a directory of its own.
  public func check(_ example: Example, asUser: Bool = false) async throws {
    try await TestSupport.shell("chmod 777 .", in: path)
    let answer = try await answer(to: example.script, asUser: asUser)
    #expect(answer == example.answer, "\(example.script)")
  }
}
