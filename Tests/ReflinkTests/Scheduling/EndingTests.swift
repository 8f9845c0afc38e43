import Foundation
import Reflink
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// What is true once a verb has returned, and what holds no worker meanwhile.
@Suite(.onFileSystems, .timeLimit(.minutes(20)), .serialized) struct EndingTests {
  /// A file system can be unmounted as soon as the copies on it have been told to have ended.
  @Test func nothingIsOpenAnyMore() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell(
        "mkdir -p s/{1..20}; for d in s/*; do echo 1 > $d/a; ln $d/a $d/b; done; echo 1 > f",
        in: directory.path)
      for round in 0..<60 {
        _ = try await copyFile(directory.file("f"), to: directory.file("f\(round)"))
        #expect(try directory.openDescriptors() == 0)
        _ = try await copyTree(directory.file("s"), to: directory.file("t\(round)"))
        #expect(try directory.openDescriptors() == 0)
        try syncCopyTree(directory.file("s"), directory.file("u\(round)"))
        #expect(try directory.openDescriptors() == 0)
        _ = try? await copyTree(directory.file("s"), to: directory.file("t\(round)"))
        #expect(try directory.openDescriptors() == 0)
      }
    }
  }

  /// A terminal that shows nothing, as after ^S.
  @Test func terminalsThatNobodyReadsHoldNoWorker() async throws {
    try await withDirectory(on: .xfs) { directory in
      try directory.write("text", Array(repeating: 0x61, count: 1 << 20))
      try directory.write("small", [1])
      var masters: [CInt] = []
      var copies: [(Task<CopyOutcome, any Error>, CopyController)] = []
      for _ in 0..<6 {
        let (master, terminal) = try openTerminal()
        masters.append(master)
        let source = try FileDescriptor.open(directory.file("text"), .readOnly)
        let controller = CopyController()
        let task = Task.detached {
          defer {
            try? source.close()
            try? terminal.close()
          }
          return try await copyFile(source, to: terminal, controller: controller)
        }
        copies.append((task, controller))
      }
      let small = Task.detached {
        try await copyFile(directory.file("small"), to: directory.file("copied"))
      }
      #expect(await ends(small))
      for (task, controller) in copies {
        controller.cancel()
        #expect(await ends(task))
      }
      for master in masters { close(master) }
    }
  }

  /// Of two that read from one pipe the slower one finds nothing, and sleeps in no call.
  @Test func readersOfOnePipeHoldNoWorker() async throws {
    try await withDirectory(on: .xfs) { directory in
      try directory.write("small", [1])
      let pipe = try FileDescriptor.pipe()
      let null = try FileDescriptor.open("/dev/null", .writeOnly)
      let readers = (0..<6).map { _ in
        Task.detached { try await copyFile(pipe.readEnd, to: null) }
      }
      for _ in 0..<2000 { _ = try pipe.writeEnd.writeAll([UInt8](repeating: 1, count: 7)) }
      let small = Task.detached {
        try await copyFile(directory.file("small"), to: directory.file("copied"))
      }
      #expect(await ends(small))
      try pipe.writeEnd.close()
      var total: Int64 = 0
      for reader in readers {
        try #require(await ends(reader))
        total += try await reader.value.copied
      }
      #expect(total == 14_000)
      try pipe.readEnd.close()
      try null.close()
    }
  }

  /// A lease is given back when somebody asks for the file.
  @Test func leasesAreWaitedForByInspectionAndRanges() async throws {
    try await withDirectory(on: .xfs) { directory in
      try directory.fill("a", 100_000)
      signal(SIGIO, SIG_IGN)
      let holder = open(directory["a"], O_RDWR | O_CLOEXEC)
      try #require(holder >= 0)
      // F_SETLEASE, F_WRLCK; refused as long as a process that another test starts has the file open too, before it
      // calls exec.
      try #require(await becomesTrue { fcntl(holder, 1024, 1) == 0 })
      let releasing = onThread {
        // Released when it was asked for.
        while fcntl(holder, 1025) == 1 { usleep(1000) }
        _ = fcntl(holder, 1024, 2)
        close(holder)
      }
      #expect(try await extents(of: directory.file("a")).size == 100_000)
      try await releasing.value
    }
  }
}
