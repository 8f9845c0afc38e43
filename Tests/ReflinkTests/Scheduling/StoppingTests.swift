import Foundation
import Reflink
import SystemPackage
import TestSupport
import Testing

/// Who is stopped by what: a tree's files by its failure, a task's copy by its task alone.
@Suite(.onFileSystems, .timeLimit(.minutes(20)), .serialized) struct StoppingTests {
  @Test(arguments: [false, true])
  func aFailureThatStopsATreeStopsItsLargeFiles(_ isAsync: Bool) async throws {
    let size = 768 << 20
    try await withDirectory(on: .quietXfs) { directory in
      // Here small directories are read in the order in which they were filled.
      try await shell(
        "mkdir -p s/a; head -c \(size) /dev/urandom > s/a/large; mkdir s/b; ln -s nowhere s/b/link",
        in: directory.path)
      let options = CopyOptions(
        cloning: .never, symbolicLinks: .follow, partialFiles: .keep)
      let task =
        isAsync
        ? Task.detached {
          try await copyTree(directory.file("s"), to: directory.file("t"), options: options)
        } : onThread { try syncCopyTree(directory.file("s"), directory.file("t"), options) }
      let error = try #require(await task.failure)
      #expect(error.code == .notFound)
      let copied = (try? directory.status("t/a/large").st_size) ?? 0
      #expect(copied < size / 2)
    }
  }

  /// It waits for a pipe that nobody closes.
  @Test(arguments: [false, true])
  func aFailureThatStopsATreeStopsWhatWaits(_ isAsync: Bool) async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell(
        "mkdir -p s/a; mkfifo s/a/fifo; mkdir s/b; ln -s nowhere s/b/link", in: directory.path)
      let writer = try FileDescriptor.open(directory.file("s/a/fifo"), .readWrite)
      let options = CopyOptions(symbolicLinks: .follow, specialFiles: .readContents)
      let task =
        isAsync
        ? Task.detached {
          try await copyTree(directory.file("s"), to: directory.file("t"), options: options)
        } : onThread { try syncCopyTree(directory.file("s"), directory.file("t"), options) }
      #expect(await ends(task))
      // A shared descriptor of both ends: whoever reads sees the end with it.
      try writer.close()
      #expect(try #require(await task.failure).code == .notFound)
    }
  }

  @Test func cancellingATaskLeavesItsNeighboursAlone() async throws {
    try await withDirectory(on: .xfs) { directory in
      let controller = CopyController()
      let null = try FileDescriptor.open("/dev/null", .writeOnly)
      let pipes = try (0..<3).map { _ in try FileDescriptor.pipe() }
      let tasks = pipes.map { pipe in
        Task.detached { try await copyFile(pipe.readEnd, to: null, controller: controller) }
      }
      for pipe in pipes { try pipe.writeEnd.writeAll([1, 2, 3]) }
      #expect(await becomesTrue { controller.progress.bytesDone == 9 })
      tasks[1].cancel()
      #expect(await tasks[1].failure?.code == .cancelled)
      #expect(!controller.isCancelled)
      for index in [0, 2] {
        try pipes[index].writeEnd.writeAll([4])
        try pipes[index].writeEnd.close()
        #expect(try await tasks[index].value.copied == 4)
      }
      #expect(controller.progress.isFinished)
      try pipes[1].writeEnd.close()
      for pipe in pipes { try pipe.readEnd.close() }
      try null.close()
    }
  }

  @Test func cancellingAControllerCancelsAllItsCopies() async throws {
    let controller = CopyController()
    let null = try FileDescriptor.open("/dev/null", .writeOnly)
    let pipes = try (0..<3).map { _ in try FileDescriptor.pipe() }
    let tasks = pipes.map { pipe in
      Task.detached { try await copyFile(pipe.readEnd, to: null, controller: controller) }
    }
    for pipe in pipes { try pipe.writeEnd.writeAll([1, 2, 3]) }
    #expect(await becomesTrue { controller.progress.bytesDone == 9 })
    controller.cancel()
    for task in tasks { #expect(await task.failure?.code == .cancelled) }
    for pipe in pipes {
      try pipe.writeEnd.close()
      try pipe.readEnd.close()
    }
    try null.close()
  }
}
