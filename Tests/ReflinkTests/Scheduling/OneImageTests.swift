import Foundation
import Reflink
import SystemPackage
import TestSupport
import Testing

/// Many clones of one fragmented image, and what goes on beside them. What is asserted is who is
/// first, never how long it takes.
@Suite(.onFileSystems, .timeLimit(.minutes(20)), .serialized) struct OneImageTests {
  private static let extentCount = 60_000

  @Test(arguments: [TestFileSystem.xfs, .btrfs])
  func aSmallCopyDoesNotWaitForThem(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try await withDirectory(on: .ext4) { other in
        try directory.makeFragmented("a", extents: Self.extentCount)
        try other.write("small", Array("data\n".utf8))
        await #expect(processExitsWith: .success) {
          [directory = directory as TestDirectory, other = other as TestDirectory] in
          limitThisProcess()
          let count = 30
          let clones = Clones(of: directory, count: count)
          await clones.haveBegun()
          for round in 0..<5 {
            let outcome = try await copyFile(other.file("small"), to: other.file("copy\(round)"))
            #expect(outcome.total == 5)
          }
          #expect(clones.ended < count / 2)
          // And what concerns the image itself can be cancelled.
          let looking = Task.detached {
            _ = try await probe(from: directory.file("a"), to: directory.file("."))
          }
          let mapping = Task.detached { _ = try await Reflink.extents(of: directory.file("a")) }
          let ranging = Task.detached {
            _ = try await copyRange(
              from: directory.file("a"), range: 0..<65536, to: directory.file("range"), at: 0)
          }
          for task in [looking, mapping, ranging] { task.cancel() }
          for task in [looking, mapping, ranging] { _ = await task.result }
          #expect(clones.ended < count / 2)
          await clones.stop()
          #expect(try await directory.settledDescriptors() == 0)
        }
      }
    }
  }

  /// The last in line is cancelled first.
  @Test func whatWaitsCanBeCancelled() async throws {
    try await withDirectory(on: .xfs) { directory in
      try directory.makeFragmented("a", extents: Self.extentCount)
      await #expect(processExitsWith: .success) { [directory = directory as TestDirectory] in
        limitThisProcess()
        let clones = Clones(of: directory, count: 8)
        await clones.haveBegun()
        for index in (1..<8).reversed() {
          clones.tasks[index].cancel()
          #expect(await clones.tasks[index].failure?.code == .cancelled)
        }
        // The one before them in line is as if nobody had been there.
        let first = try await clones.tasks[0].value
        #expect(first.method == .cloned)
        await clones.stop()
      }
    }
  }

  /// What waits for the image has opened no more than the directories it was called with.
  @Test func whatWaitsHoldsFewDescriptors() async throws {
    try await withDirectory(on: .xfs) { directory in
      try directory.makeFragmented("a", extents: Self.extentCount)
      await #expect(processExitsWith: .success) { [directory = directory as TestDirectory] in
        limitThisProcess()
        let count = 60
        let clones = Clones(of: directory, count: count)
        await clones.haveBegun()
        var most = 0
        while clones.ended < 3 {
          let ended = clones.ended
          let open = try directory.openDescriptors()
          #expect(open <= 2 * (count - ended) + 12)
          most = max(most, open)
          try await Task.sleep(for: .milliseconds(20))
        }
        #expect(most > count)
        await clones.stop()
        let open = try await directory.settledDescriptors()
        #expect(open == 0)
      }
    }
  }

  /// All get their turn, in the end.
  @Test(arguments: [TestFileSystem.xfs, .btrfs])
  func allAreMade(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try directory.makeFragmented("a", extents: 3000)
      await #expect(processExitsWith: .success) { [directory = directory as TestDirectory] in
        limitThisProcess()
        let clones = Clones(of: directory, count: 100)
        for task in clones.tasks {
          switch await task.result {
          case .success(let outcome): #expect(outcome.execution == .helper)
          case .failure(let error): Issue.record("\(error)")
          }
        }
        #expect(try directory.names().count == 101)
        #expect(try directory.sharedBytes("a", "b99") == directory.dataBytes("a"))
        let open = try await directory.settledDescriptors()
        #expect(open == 0)
      }
    }
  }
}

/// Clones of one file under way, each by a task of its own.
private struct Clones {
  let tasks: [Task<CopyOutcome, any Error>]
  private let controllers: [CopyController]

  init(of directory: TestDirectory, count: Int) {
    let controllers = (0..<count).map { _ in CopyController() }
    self.controllers = controllers
    tasks = controllers.indices.map { index in
      Task.detached {
        try await cloneFile(
          directory.file("a"), to: directory.file("b\(index)"), controller: controllers[index])
      }
    }
  }

  /// Until the first is seen to move.
  func haveBegun() async {
    let isMoving = await becomesTrue { controllers.contains { $0.progress.bytesDone > 0 } }
    #expect(isMoving)
  }

  var ended: Int { controllers.count { $0.progress.isFinished } }

  func stop() async {
    for task in tasks { task.cancel() }
    for task in tasks { _ = await task.result }
  }
}
