import Foundation
import Reflink
import SystemPackage
import TestSupport
import Testing

/// A FIFO that is opened for writing and has no reader yet.
@Suite(.onFileSystems, .timeLimit(.minutes(20)), .serialized) struct FifoTests {
  /// More of them than there are workers.
  private static let count = BusyWorkers.count + 2

  /// Copies into each of them, which by now wait for a reader.
  private static func waitingCopies(
    _ directory: TestDirectory
  ) async throws -> [Task<CopyOutcome, any Error>] {
    let copies = (0..<count).map { index in
      Task.detached {
        try await copyFile(
          directory.file("a"), to: directory.file("f\(index)"),
          ifExists: .policy { $0.destination == .unseen ? .create : .overwrite })
      }
    }
    try await Task.sleep(for: .milliseconds(300))
    return copies
  }

  private func withFifos(_ body: (TestDirectory) async throws -> Void) async throws {
    try await withDirectory(on: .xfs) { directory in
      try directory.fill("a", 5000)
      try await shell(
        "for i in $(seq 0 \(Self.count)); do mkfifo f$i; done", in: directory.path)
      try await body(directory)
    }
  }

  @Test func holdsNoWorker() async throws {
    try await withFifos { directory in
      await #expect(processExitsWith: .success) { [directory = directory as TestDirectory] in
        limitThisProcess()
        let waiting = try await Self.waitingCopies(directory)
        let small = Task.detached {
          try await copyFile(directory.file("a"), to: directory.file("b"))
        }
        #expect(await ends(small))
        #expect(try directory.read("b") == directory.read("a"))
        for task in waiting { task.cancel() }
      }
    }
  }

  @Test func canBeCancelled() async throws {
    try await withFifos { directory in
      await #expect(processExitsWith: .success) { [directory = directory as TestDirectory] in
        limitThisProcess()
        let waiting = try await Self.waitingCopies(directory)
        for task in waiting { task.cancel() }
        for task in waiting {
          let hasEnded = await ends(task, within: .seconds(60))
          #expect(hasEnded)
          if hasEnded { #expect(await task.failure?.code == .cancelled) }
        }
        #expect(try directory.status("f0").st_mode & S_IFMT == S_IFIFO)
      }
    }
  }

  @Test func isWrittenOnceAReaderComes() async throws {
    try await withFifos { directory in
      await #expect(processExitsWith: .success) { [directory = directory as TestDirectory] in
        limitThisProcess()
        let waiting = try await Self.waitingCopies(directory)
        // The last comes first.
        for index in (0..<Self.count).reversed() {
          let reader = onThread {
            let fifo = try FileDescriptor.open(directory.file("f\(index)"), .readOnly)
            defer { try? fifo.close() }
            var bytes = [UInt8](repeating: 0, count: 6000)
            var count = 0
            while true {
              let got = try bytes[count...].withUnsafeMutableBytes { try fifo.read(into: $0) }
              if got == 0 { return Array(bytes.prefix(count)) }
              count += got
            }
          }
          let hasEnded = await ends(reader, within: .seconds(60))
          #expect(hasEnded)
          guard hasEnded else { return }
          #expect(try await reader.value == directory.read("a"))
        }
        for task in waiting { #expect(try await task.value.copied == 5000) }
      }
    }
  }
}
