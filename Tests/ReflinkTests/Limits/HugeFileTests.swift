import Foundation
import Reflink
import SystemPackage
import TestSupport
import Testing

/// Sizes and places up to the last that there is: arithmetic that overflows ends the process.
@Suite(.onFileSystems, .timeLimit(.minutes(20)), .serialized) struct HugeFileTests {
  /// `d` holds two files of one hole each, as large as a file can be.
  private func withHugeFiles(
    on system: TestFileSystem, _ body: (TestDirectory) async throws -> Void
  ) async throws {
    try await withDirectory(on: system) { directory in
      try await shell(
        "mkdir d; truncate -s 9223372036854775807 d/a d/b", in: directory.path)
      try await body(directory)
    }
  }

  @Test(arguments: [TestFileSystem.tmpfs, .xfs])
  func areCopied(_ system: TestFileSystem) async throws {
    try await withHugeFiles(on: system) { directory in
      for detects in [false, true] {
        await #expect(processExitsWith: .success) {
          [directory = directory as TestDirectory, detects = detects as Bool] in
          limitThisProcess()
          let options = CopyOptions(cloning: .never, holes: detects ? .detect : .keep)
          let controller = CopyController()
          _ = try await copyFile(
            directory.file("d/a"), to: directory.file("b"), options: options, ifExists: .replace,
            controller: controller)
          #expect(try directory.status("b").st_size == .max)
          #expect(controller.progress.fraction != nil)
        }
      }
    }
  }

  @Test(arguments: [TestFileSystem.tmpfs, .xfs])
  func areCopiedAndCountedInTrees(_ system: TestFileSystem) async throws {
    try await withHugeFiles(on: system) { directory in
      await #expect(processExitsWith: .success) { [directory = directory as TestDirectory] in
        limitThisProcess()
        let plan = try await planTree(directory.file("d"))
        #expect(plan.bytes == .max)
        #expect(plan.files == 2)
      }
      for isShared in [false, true] {
        await #expect(processExitsWith: .success) {
          [directory = directory as TestDirectory, isShared = isShared as Bool] in
          limitThisProcess()
          let controller = CopyController()
          let outcome = try await copyTree(
            directory.file("d"), to: directory.file("\(isShared)"),
            options: CopyOptions(cloning: isShared ? .preferred : .never), controller: controller)
          #expect(outcome.files == 2)
          #expect(outcome.total == .max)
          #expect(controller.progress.bytesDone == .max)
        }
      }
    }
  }

  @Test(arguments: [Int64(1) << 60, 1 << 62, .max - 4095, .max])
  func areClonedInSlices(_ bytes: Int64) async throws {
    try await withHugeFiles(on: .xfs) { directory in
      await #expect(processExitsWith: .success) {
        [directory = directory as TestDirectory, bytes = bytes as Int64] in
        limitThisProcess()
        // Whether it is done or refused is the file system's decision.
        _ = try? await cloneFile(
          directory.file("d/a"), to: directory.file("b"), slices: .bytes(bytes))
      }
    }
  }

  @Test func areClonedInSlicesOfTime() async throws {
    try await withHugeFiles(on: .xfs) { directory in
      await #expect(processExitsWith: .success) { [directory = directory as TestDirectory] in
        limitThisProcess()
        let controller = CopyController()
        let task = Task.detached {
          try await cloneFile(
            directory.file("d/a"), to: directory.file("b"), slices: .time(.milliseconds(20)),
            controller: controller)
        }
        // So large a file may take as many steps as there is no time for.
        _ = await ends(task, within: .seconds(3))
        task.cancel()
        #expect(await ends(task))
      }
    }
  }

  /// Lower bound, upper bound, place in the destination.
  private static let ranges: [[Int64]] = {
    let max = Int64.max
    return [
      [max - 10, max, 4085], [max - 10, max, 0], [max - 1, max, max - 1], [0, max, 0],
      [0, max, 1], [0, max, 4096], [0, max, max], [4096, max, max - 4096], [0, 1, max],
      [0, 4096, max - 4095], [0, 8192, max - 4096], [max, max, 0], [max, max, max],
      [-5, max, 0], [-5, 5, 0], [.min, max, 0], [.min, .min, 0], [0, 4096, -1], [0, 4096, .min],
      [0, max, -4096], [1, max, .min],
    ]
  }()

  @Test(arguments: 0..<ranges.count, [CopyOptions.Cloning.preferred, .never])
  func rangesOfThemEndSomehow(_ index: Int, _ cloning: CopyOptions.Cloning) async throws {
    let range = Self.ranges[index]
    let isAvoided = cloning == .never
    try await withHugeFiles(on: .xfs) { directory in
      await #expect(processExitsWith: .success) {
        [
          directory = directory as TestDirectory, range = range as [Int64],
          isAvoided = isAvoided as Bool
        ] in
        limitThisProcess()
        let task = Task.detached {
          try await copyRange(
            from: directory.file("d/a"), range: range[0]..<range[1], to: directory.file("b"),
            at: range[2], cloning: isAvoided ? .never : .preferred)
        }
        _ = await ends(task, within: .seconds(2))
        task.cancel()
        #expect(await ends(task))
        if range[0] < 0 || range[2] < 0 { #expect(await task.failure?.code == .invalidArgument) }
      }
    }
  }

  @Test(arguments: [Int64(1), 1_000_000_000_000, .max])
  func progressIsToldAsRarelyAsOneLikes(_ seconds: Int64) async throws {
    await #expect(processExitsWith: .success) { [seconds = seconds as Int64] in
      limitThisProcess()
      let controller = CopyController()
      let pipe = try FileDescriptor.pipe()
      let null = try FileDescriptor.open("/dev/null", .writeOnly)
      let copying = Task.detached {
        try await copyFile(pipe.readEnd, to: null, controller: controller)
      }
      try pipe.writeEnd.writeAll([1, 2, 3])
      let watching = Task.detached {
        var last: CopyProgress?
        for await progress in controller.updates(every: .seconds(seconds)) { last = progress }
        return last
      }
      try await Task.sleep(for: .milliseconds(300))
      try pipe.writeEnd.close()
      #expect(await ends(copying))
      #expect(await ends(watching))
      #expect(await watching.value?.bytesDone == 3)
    }
  }

  @Test func whatTheyShareIsAddedUp() async throws {
    try await withHugeFiles(on: .tmpfs) { directory in
      await #expect(processExitsWith: .success) { [directory = directory as TestDirectory] in
        limitThisProcess()
        let report = try await sharing(
          between: directory.file("d/a"), and: directory.file("d/b"))
        #expect(report.verdict == .unknown)
        #expect(report.first.total == .max)
      }
    }
  }

  @Test func slicesMayTakeAsLongAsOneLikes() async throws {
    try await withDirectory(on: .xfs) { directory in
      try directory.fill("a", 1 << 20)
      await #expect(processExitsWith: .success) { [directory = directory as TestDirectory] in
        limitThisProcess()
        for (index, seconds) in [Int64.max, 0, -1].enumerated() {
          let outcome = try await cloneFile(
            directory.file("a"), to: directory.file("b\(index)"), slices: .time(.seconds(seconds)))
          #expect(outcome.cloned == 1 << 20)
        }
      }
    }
  }
}
