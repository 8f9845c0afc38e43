import Foundation
import TestSupport
import Testing

/// How many system calls a copy takes: counts are stable where times are not.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct SystemCallTests {
  /// The calls that name or use the files of a copy, in order.
  private func calls(_ directory: TestDirectory, _ arguments: [String]) async throws -> [String] {
    let trace = try await shell(
      "strace -o trace '\(BuiltCommand.path)' \(arguments.joined(separator: " ")); cat trace",
      in: directory.path)
    let lines = trace.split(separator: "\n").map(String.init)
    // The first thing the command does is this.
    let start = try #require(lines.firstIndex { $0.contains("SIGXFSZ") })
    return lines[(start + 1)...].compactMap { $0.split(separator: "(").first.map(String.init) }
      .filter {
        !["exit_group", "+++ exited with 0 +++", "brk", "mmap", "munmap", "gettid"].contains($0)
      }
  }

  @Test func aPlainCloneTakesFewCalls() async throws {
    try await withDirectory(on: .xfs) { directory in
      try directory.fill("a", 1024)
      #expect(
        try await calls(directory, ["a", "b"]) == [
          // Whether the last operand is a directory.
          "openat",
          // The directories of both operands, opened once.
          "openat", "openat",
          "statx", "openat", "statx", "openat", "ioctl", "close", "close", "close", "close",
        ])
    }
  }

  @Test func aCopyOnExt4NeedsNoCallToSeeTheEnd() async throws {
    try await withDirectory(on: .ext4) { directory in
      try directory.fill("a", 1024)
      #expect(
        try await calls(directory, ["-T", "a", "b"]) == [
          "openat", "openat",
          "statx", "openat", "statx", "openat", "ioctl", "copy_file_range", "close", "close",
          "close", "close",
        ])
    }
  }

  /// Whether the kernel is about to slow writers down: a small copy does not ask.
  @Test(arguments: ["auto", "never"])
  func aLargeCopyAsksHowMuchIsNotOnStorageYet(_ reflink: String) async throws {
    try await withDirectory(on: .ext4) { directory in
      try await shell(
        "head -c 1M /dev/urandom >small; head -c 32M /dev/urandom >large", in: directory.path)
      for (name, asks) in [("small", false), ("large", true)] {
        let looks = try await shell(
          "strace -f -e openat -o trace '\(BuiltCommand.path)' --reflink=\(reflink) \(name) copy; "
            + "cmp \(name) copy; rm copy; grep -c /proc/vmstat trace || true",
          in: directory.path)
        #expect((looks != "0\n" && looks != "0") == asks, "\(name): \(looks)")
      }
    }
  }

  /// GNU cp 9.1 takes fourteen.
  @Test(arguments: TestFileSystem.main)
  func aFileOfATreeTakesNineCalls(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      let count = 400
      try await shell(
        "mkdir s; for i in $(seq \(count)); do echo $i > s/$i; done", in: directory.path)
      let few = try await calls(directory, ["-a", "-j1", "s", "t"]).count
      try await shell("rm -r t; rm s/{1..200}", in: directory.path)
      let fewer = try await calls(directory, ["-a", "-j1", "s", "t"]).count
      // What a directory costs once falls out of the difference, but for one reading more.
      #expect(few - fewer - 2 <= 9 * 200)
      #expect(few - fewer >= 9 * 200)
    }
  }

  @Test func oneFileStartsNoThread() async throws {
    try await withDirectory(on: .ext4) { directory in
      try directory.fill("a", 9 << 20)
      let all = try await calls(directory, ["-a", "a", "b"])
      #expect(!all.contains { $0.hasPrefix("clone") })
    }
  }
}
