import Foundation
import Reflink
import SystemPackage
import TestSupport
import Testing

/// All workers are busy with copies that do not end: whoever waits gets a turn all the same.
@Suite(.onFileSystems, .timeLimit(.minutes(20)), .serialized) struct BusyWorkersTests {
  @Test func aPipeThatBecomesReadableIsServed() async throws {
    try await withDirectory(on: .xfs) { directory in
      await #expect(processExitsWith: .success) { [directory = directory as TestDirectory] in
        limitThisProcess()
        let busy = try await BusyWorkers.started()
        let pipe = try FileDescriptor.pipe()
        let controller = CopyController()
        let file = try FileDescriptor.open(
          directory.file("b"), .writeOnly, options: .create, permissions: .ownerReadWrite)
        let waiting = Task.detached {
          try await copyFile(pipe.readEnd, to: file, controller: controller)
        }
        try pipe.writeEnd.writeAll([1, 2])
        #expect(await becomesTrue { controller.progress.bytesDone == 2 })
        // It has found the pipe empty since.
        try await Task.sleep(for: .milliseconds(200))
        try pipe.writeEnd.writeAll([3, 4, 5])
        try pipe.writeEnd.close()
        #expect(await ends(waiting))
        #expect(busy.areBusy)
        #expect(try directory.read("b") == [1, 2, 3, 4, 5])
        await busy.stop()
      }
    }
  }

  @Test func aLongCloneEndsWithItsHelper() async throws {
    try await withDirectory(on: .xfs) { directory in
      try directory.makeFragmented("a", extents: 4000)
      await #expect(processExitsWith: .success) { [directory = directory as TestDirectory] in
        limitThisProcess()
        let busy = try await BusyWorkers.started()
        let cloning = Task.detached {
          try await copyFile(directory.file("a"), to: directory.file("b"))
        }
        let hasEnded = await ends(cloning)
        #expect(hasEnded)
        #expect(busy.areBusy)
        await busy.stop()
        let outcome = try await cloning.value
        #expect(outcome.execution == .helper)
        #expect(outcome.method == .cloned)
      }
    }
  }

  @Test func aCopyThatWaitsForAPipeCanBeCancelled() async throws {
    await #expect(processExitsWith: .success) {
      limitThisProcess()
      let busy = try await BusyWorkers.started()
      let pipe = try FileDescriptor.pipe()
      let null = try FileDescriptor.open("/dev/null", .writeOnly)
      let controller = CopyController()
      let waiting = Task.detached {
        try await copyFile(pipe.readEnd, to: null, controller: controller)
      }
      try pipe.writeEnd.writeAll([1, 2])
      #expect(await becomesTrue { controller.progress.bytesDone == 2 })
      try await Task.sleep(for: .milliseconds(200))
      waiting.cancel()
      #expect(await ends(waiting))
      #expect(busy.areBusy)
      await busy.stop()
      if await ends(waiting) { #expect(await waiting.failure?.code == .cancelled) }
    }
  }

  @Test func aLongCloneCanBeCancelled() async throws {
    try await withDirectory(on: .xfs) { directory in
      await #expect(processExitsWith: .success) { [directory = directory as TestDirectory] in
        limitThisProcess()
        let busy = try await BusyWorkers.started()
        let isMet = try await meetsUnderWay { factor in
          try directory.makeFragmented("a", extents: 30_000 * factor)
          unlink(directory["b"])
          let cloning = Task.detached {
            try await copyFile(directory.file("a"), to: directory.file("b"))
          }
          #expect(await becomesTrue { directory.exists("b") })
          cloning.cancel()
          #expect(await ends(cloning))
          guard let error = await cloning.failure else { return false }
          #expect(error.code == .cancelled)
          #expect(!directory.exists("b"))
          return true
        }
        #expect(isMet)
        #expect(busy.areBusy)
        await busy.stop()
      }
    }
  }
}
