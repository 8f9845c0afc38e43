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
        ? ["--fsync", "--atomic", "s/a", "b"] : ["-a", "-j1", "--fsync", "--atomic", "s", "t"]
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

  @Test func whatALinkLeadsToOnAnotherFileSystemIsWrittenOut() async throws {
    try await withDirectory(on: .ext4) { directory in
      try await withDirectory(on: .xfs) { other in
        try await shell(
          "mkdir s d; echo new > s/a; echo old > '\(other["x"])'; ln -s '\(other["x"])' d/a",
          in: directory.path)
        #expect(try await calls(directory, ["-rT", "--fsync", "s", "d"]) == ["syncfs", "syncfs"])
        #expect(
          try await calls(directory, ["-rT", "--fsync", "--atomic", "s", "d"]).filter {
            $0 != "renameat"
          } == ["fsync", "syncfs", "syncfs"])
      }
    }
  }

  @Test func manyDirectoriesDoNotStayOpen() async throws {
    try await withDirectory(on: .xfs) { directory in
      let found = try await shell(
        """
        for i in $(seq 80); do mkdir -p p/$i; echo $i > p/$i/f; done; mkdir d
        (ulimit -n 50; exec '\(BuiltCommand.path)' --fsync --parents p/*/f d) 2>&1; diff -r p d/p
        """, in: directory.path)
      #expect(found == "")
    }
  }
}
