import Foundation
import Subprocess
import SystemPackage
import Testing

/// The command as built, or another one given by `REFLINK_COMMAND`.
public enum BuiltCommand {
  /// Whether it is another one, such as the one that is shipped.
  public static let isGiven = ProcessInfo.processInfo.environment["REFLINK_COMMAND"] != nil
  public static let path: String = {
    if let given = ProcessInfo.processInfo.environment["REFLINK_COMMAND"] {
      return URL(fileURLWithPath: given).standardizedFileURL.path
    }
    // Beside the test bundle.
    let bundle = URL(fileURLWithPath: CommandLine.arguments[0])
    return bundle.deletingLastPathComponent().appendingPathComponent("swift-cp-reflink").path
  }()
}

public struct CommandResult: Sendable {
  public var status: Int32
  public var output: String
  public var errors: String
}

extension TestDirectory {
  /// Runs the command in this directory, under the name `cp`, in the C locale.
  public func cp(_ arguments: String...) async throws -> CommandResult {
    try await cp(arguments)
  }

  public func cp(
    _ arguments: [String], executable: String = BuiltCommand.path,
    locale: String = "C", before: String = ""
  ) async throws -> CommandResult {
    // `exec -a` names it as it would be installed.
    let script = "\(before)\nexec -a cp \"$EXECUTABLE\" \"$@\""
    let result = try await run(
      .path("/bin/bash"), arguments: Arguments(["-c", script, "bash"] + arguments),
      environment: .inherit.updating(["EXECUTABLE": executable, "LC_ALL": locale]),
      workingDirectory: FilePath(path),
      output: .string(limit: 1 << 24), error: .string(limit: 1 << 24))
    let status: Int32 =
      switch result.terminationStatus {
      case .exited(let code): Int32(code)
      case .signaled(let signal): 128 + Int32(signal)
      }
    return CommandResult(
      status: status, output: result.standardOutput, errors: result.standardError)
  }

  /// The same by the system's own cp.
  public func gnuCp(_ arguments: String..., locale: String = "C") async throws -> CommandResult {
    try await cp(arguments, executable: "/bin/cp", locale: locale)
  }
}

/// A message as cp 9.1 writes it. Since 9.2 it names what would take a directory's place.
public func inOldWords(_ message: String) -> String {
  message.replacing(/(cannot overwrite directory .* with non-directory) '.*'/) { "\($0.output.1)" }
}
