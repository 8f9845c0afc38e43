import Foundation
import TestSupport
import Testing

/// `--fsync`: what is written out, and when; counted in system calls.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct DurableTests {
  private func calls(
    _ directory: TestDirectory, _ arguments: [String]
  ) async throws -> [Substring] {
    let (result, trace) = try await directory.tracedCp(
      ["-e", "trace=fsync,fdatasync,syncfs,linkat,renameat2,renameat,rename"], arguments)
    #expect(result.errors == "")
    return trace.filter { $0.contains("(") && !$0.contains("EBADF") }.compactMap { line in
      line.split(separator: " ").dropFirst().first?.split(separator: "(").first
    }
  }

  @Test(arguments: TestFileSystem.main)
  func aFileIsWrittenOutAndItsDirectoryOnce(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try directory.fill("a", 10_000)
      #expect(try await calls(directory, ["--fsync", "a", "b"]) == ["fsync", "fsync"])
      try await shell("mkdir d; echo 1 > c", in: directory.path)
      #expect(
        try await calls(directory, ["--fsync", "a", "b", "c", "d"])
          == ["fsync", "fsync", "fsync", "fsync"])
    }
  }

  @Test(arguments: TestFileSystem.main)
  func dataComesBeforeItsNameAndTheDirectoryAfter(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try await shell("echo new > a; echo old > b", in: directory.path)
      #expect(
        try await calls(directory, ["--fsync", "--atomic", "a", "b"])
          == ["fsync", "renameat", "fsync"])
      #expect(
        try await calls(directory, ["--fsync", "--atomic", "a", "c"])
          == ["fsync", "linkat", "fsync"])
    }
  }

  @Test(arguments: TestFileSystem.main)
  func aTreeIsWrittenOutAtOnce(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try await shell("mkdir -p s/d; for i in 1 2 3; do echo $i > s/d/$i; done", in: directory.path)
      #expect(try await calls(directory, ["-a", "--fsync", "s", "t"]) == ["syncfs"])
      #expect(
        try await calls(directory, ["-a", "--fsync", "--atomic", "s", "u"])
          == ["renameat2", "syncfs", "renameat2", "syncfs"])
    }
  }

  @Test(arguments: TestFileSystem.main, ["fsync", "syncfs"])
  func whatCannotBeWrittenOutIsAnError(_ system: TestFileSystem, _ call: String) async throws {
    try await withDirectory(on: system) { directory in
      try await shell("mkdir s; echo new > s/a; echo old > b", in: directory.path)
      let arguments =
        call == "fsync"
        ? ["--fsync", "--atomic", "s/a", "b"] : ["-a", "--fsync", "--atomic", "s", "t"]
      let (result, _) = try await directory.tracedCp(
        ["-e", "trace=\(call)", "-e", "inject=\(call):error=EIO:when=1"], arguments)
      let name = call == "fsync" ? "b" : "t"
      #expect(
        result.errors == "\(BuiltCommand.path): error syncing '\(name)': Input/output error\n")
      #expect(result.status == 1)
      #expect(try directory.read("b") == Array("old\n".utf8))
      #expect(try directory.names() == ["b", "s"])
    }
  }

  @Test func aDirectoryThatCannotBeWrittenOutIsNamed() async throws {
    try await withDirectory(on: .ext4) { directory in
      try directory.fill("a", 1000)
      // The first is the file's, the second is refused by a reference.
      let (result, _) = try await directory.tracedCp(
        ["-e", "trace=fsync", "-e", "inject=fsync:error=EIO:when=3"], ["--fsync", "a", "b"])
      #expect(result.errors == "\(BuiltCommand.path): error syncing '.': Input/output error\n")
      #expect(result.status == 1)
      #expect(directory.exists("b"))
    }
  }

  /// The directory that renaming is tried with, before a tree is copied.
  @Test func nothingIsLeftOfATrial() async throws {
    try await withDirectory(on: .ext4) { directory in
      try await shell("mkdir s", in: directory.path)
      let opens = try await directory.tracedCp(
        ["-e", "trace=openat,mkdirat"], ["-aT", "--atomic", "s", "t"]
      ).trace
      try await shell("rm -r t", in: directory.path)
      let made = try #require(opens.firstIndex { $0.contains("mkdirat") })
      let count = opens.prefix(made).filter { $0.contains("openat(") }.count
      let (result, _) = try await directory.tracedCp(
        ["-e", "trace=openat", "-e", "inject=openat:error=EMFILE:when=\(count + 1)"],
        ["-aT", "--atomic", "s", "t"])
      #expect(result.status == 1)
      #expect(try directory.names() == ["s"])
    }
  }
}
