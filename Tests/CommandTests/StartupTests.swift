import Foundation
import TestSupport
import Testing

/// What it takes to start. Page faults are nearly all of it, and are counted the same on a
/// busy machine.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct StartupTests {
  /// The minor page faults of a program from its start to its end.
  private func minorFaults(_ arguments: [String]) throws -> Int {
    var pointers = arguments.map { strdup($0) } + [nil]
    defer { pointers.forEach { free($0) } }
    var process: pid_t = 0
    try #require(posix_spawn(&process, arguments[0], nil, nil, &pointers, environ) == 0)
    var status: CInt = 0
    var usage = rusage()
    while wait4(process, &status, 0, &usage) < 0 { try #require(errno == EINTR) }
    try #require(status == 0)
    return usage.ru_minflt
  }

  /// GNU cp 9.1 takes 89 to 112, a C program that does no more than start and clone 27.
  @Test func aSmallCloneTakesFewPageFaults() async throws {
    try await withDirectory(on: .xfs) { directory in
      try directory.fill("a", 1024)
      // As it is installed: what the linker writes lies differently in memory each time.
      try await shell("cp '\(BuiltCommand.path)' installed", in: directory.path)
      var least = Int.max
      for _ in 0..<10 {
        least = min(
          least, try minorFaults([directory["installed"], directory["a"], directory["b"]]))
        unlink(directory["b"])
      }
      print("Minor page faults of one 1 KiB clone: \(least)")
      // A command with shared libraries, which debug builds are, takes several times as many.
      if ProcessInfo.processInfo.environment["REFLINK_COMMAND"] != nil { #expect(least <= 70) }
    }
  }

  /// As it is shipped.
  @Test func isNoLargerThan8MiB() throws {
    guard let path = ProcessInfo.processInfo.environment["REFLINK_COMMAND"] else { return }
    let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
    #expect(try #require(size) <= 8 << 20)
  }
}
