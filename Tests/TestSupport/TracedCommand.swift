import Foundation
import Testing

extension TestDirectory {
  /// Runs the command under a tracer that may tamper with its system calls, and returns
  /// the trace, too, one call a line. `tracing` are options of strace(1).
  public func tracedCp(
    _ tracing: [String], _ arguments: [String], before: String = ""
  ) async throws -> (result: CommandResult, trace: [String]) {
    let log = "\(NSTemporaryDirectory())reflink-trace-\(UInt64.random(in: .min ... .max))"
    defer { try? FileManager.default.removeItem(atPath: log) }
    let result = try await cp(
      ["-f", "-o", log] + tracing + [BuiltCommand.path] + arguments,
      executable: "/usr/bin/strace", before: before)
    let text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: log)), as: UTF8.self)
    return (result, text.split(separator: "\n").map(String.init))
  }
}
