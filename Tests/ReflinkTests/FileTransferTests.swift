import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import Reflink

/// The transfer step by step: bounded, resumable, and right when the source
/// changes between two steps.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct FileTransferTests {
  private func transfer(
    _ directory: TestDirectory, _ cloning: CopyOptions.Cloning, holes: CopyOptions.Holes = .keep
  ) throws -> FileTransfer {
    let source = try OwnedName(directory.file("a")).with { (name) throws(SystemError) in
      try Descriptor.currentDirectory.open(name, .read)
    }
    let status = try source.status()
    let destination = try OwnedName(directory.file("b")).with { (name) throws(SystemError) in
      try Descriptor.currentDirectory.open(name, [.write, .create, .exclusive], mode: 0o600)
    }
    return FileTransfer(
      from: source, status, into: destination, cloning: cloning, holes: holes)
  }

  @Test(arguments: [CopyOptions.Cloning.preferred, .never])
  func eachStepIsBounded(_ cloning: CopyOptions.Cloning) async throws {
    try await withDirectory(on: .ext4) { directory in
      try directory.fill("a", 20 << 20)
      var transfer = try transfer(directory, cloning)
      var steps: [Int64] = []
      stepping: while true {
        switch try transfer.step() {
        case .advanced(let bytes): steps.append(bytes)
        case .waiting: Issue.record("nothing to wait for")
        case .finished: break stepping
        }
      }
      #expect(steps.reduce(0, +) == 20 << 20)
      #expect(steps.first { $0 > 0 } == (cloning == .never ? 256 << 10 : 512 << 10))
      #expect(steps.allSatisfy { $0 <= (cloning == .never ? 256 << 10 : 4 << 20) })
      #expect(transfer.outcome.total == 20 << 20)
      #expect(try directory.read("a") == directory.read("b"))
    }
  }

  /// As on OCFS2 with large clusters, whose kernel shares more than it is asked for: what
  /// does not fit goes through memory, and no call that may share gets it.
  @Test(arguments: [CopyOptions.Cloning.preferred, .required])
  func aUnitThatIsNotCheckedIsKeptTo(_ cloning: CopyOptions.Cloning) async throws {
    try await withDirectory(on: .xfs) { directory in
      try directory.fill("a", 300_000)
      try directory.fill("b", 300_000)
      var expected = try directory.read("b")
      let unit = SharingUnit(bytes: 65536, isChecked: false)
      for (range, cloned) in [
        (Int64(4096)..<8192, Int64(0)), (4096..<200_000, 2 * 65536), (0..<300_000, 4 * 65536),
      ] {
        func open(_ name: String, _ flags: OpenFlags) throws -> Descriptor {
          try OwnedName(directory.file(name)).with { (name) throws(SystemError) in
            try Descriptor.currentDirectory.open(name, flags)
          }
        }
        let source = try open("a", .read)
        let destination = try open("b", .readWrite)
        let status = try source.status()
        let there = try destination.status()
        var transfer = RangeTransfer(
          from: source, status, range, into: destination, there, at: range.lowerBound,
          unit: unit, cloning: cloning)
        #expect(try run(&transfer, nil))
        #expect(transfer.outcome.cloned == cloned)
        #expect(transfer.outcome.copied == Int64(range.count) - cloned)
        #expect(transfer.outcome.offloaded == 0)
        let place = Int(range.lowerBound)..<Int(range.upperBound)
        expected.replaceSubrange(place, with: try directory.read("a")[place])
        #expect(try directory.read("b") == expected)
      }
    }
  }

  @Test(arguments: [TestFileSystem.ext4, .xfs, .btrfs], [CopyOptions.Cloning.preferred, .never])
  func aSourceThatShrinksEndsWhereItEnds(_ system: TestFileSystem, _ cloning: CopyOptions.Cloning)
    async throws
  {
    try await withDirectory(
      on: system == .xfs && cloning == .preferred ? .xfsWithoutReflink : system
    ) {
      directory in
      try directory.fill("a", 12 << 20)
      var transfer = try transfer(directory, cloning)
      if case .advanced = try transfer.step() {}
      if case .advanced = try transfer.step() {}
      let kept = Int(transfer.position) + 1000
      truncate(directory["a"], off_t(min(kept, 12 << 20)))
      #expect(try run(&transfer, nil))
      let size = Int(try directory.status("b").st_size)
      // A clone that was made by then has everything.
      #expect(size == (transfer.outcome.cloned > 0 ? 12 << 20 : kept))
      #expect(try directory.occupied("b") <= size + 65536)
    }
  }

  @Test(arguments: [CopyOptions.Cloning.preferred, .never])
  func aSourceThatGrowsIsCopiedAsItWas(_ cloning: CopyOptions.Cloning) async throws {
    try await withDirectory(on: .ext4) { directory in
      try directory.fill("a", 1_000_000)
      let before = try directory.read("a")
      var transfer = try transfer(directory, cloning)
      try directory.overwrite("a", at: 1_000_000, randomBytes(500_000))
      #expect(try run(&transfer, nil))
      #expect(try directory.read("b") == before)
    }
  }

  @Test func aFileThatSomebodyAppendsToForEverIsCopiedInTime() async throws {
    try await withDirectory(on: .ext4) { directory in
      try directory.write("a", [])
      let writer = Task.detached {
        while !Task.isCancelled {
          try directory.overwrite("a", at: Int.random(in: 0..<1000) << 12, [1])
        }
      }
      for _ in 0..<20 {
        var transfer = try transfer(directory, .never)
        #expect(try run(&transfer, nil))
        #expect(transfer.position <= 1000 << 12)
        unlink(directory["b"])
      }
      writer.cancel()
      _ = await writer.result
    }
  }

  @Test(arguments: [CopyOptions.Cloning.preferred, .never])
  func givesWayOnlyWhenItsSliceIsSpentAndOthersWait(_ cloning: CopyOptions.Cloning) async throws {
    try await withDirectory(on: .ext4) { directory in
      try directory.fill("a", 10 << 20)
      var transfer = try transfer(directory, cloning)
      // A slice of nothing is spent after the first step.
      var turns = 0
      while true {
        let turn = try advance(
          &transfer, nil, slice: TimeSlice(.zero), othersWait: { true })
        if turn == .finished { break }
        #expect(turn == .spent)
        turns += 1
      }
      #expect(turns >= (cloning == .never ? 40 : 3))
      #expect(try directory.read("a") == directory.read("b"))

      unlink(directory["b"])
      var alone = try self.transfer(directory, cloning)
      let turn = try advance(
        &alone, nil, slice: TimeSlice(.zero), othersWait: { false })
      #expect(turn == .finished)

      unlink(directory["b"])
      var long = try self.transfer(directory, cloning)
      let first = try advance(
        &long, nil, slice: TimeSlice(.seconds(3600)), othersWait: { true })
      #expect(first == .finished)
    }
  }

  @Test(arguments: [CopyOptions.Cloning.preferred, .never])
  func cancellationIsSeenAfterOneStepAndGivesReservedBlocksBack(_ cloning: CopyOptions.Cloning)
    async throws
  {
    try await withDirectory(on: .ext4) { directory in
      try directory.fill("a", 40 << 20)
      var transfer = try transfer(directory, cloning)
      let controller = CopyController()
      let activity = controller.begin()
      while transfer.bytesDone == 0 { _ = try transfer.step() }
      let done = transfer.bytesDone
      controller.cancel()
      let turn = try advance(
        &transfer, activity, slice: TimeSlice(), othersWait: { false })
      #expect(turn == .cancelled)
      #expect(transfer.bytesDone == done)
      #expect(transfer.bytesRemaining == (40 << 20) - done)
      #expect(try directory.status("b").st_size == done)
      // Whoever keeps the file asks for it; one that goes needs none of it.
      transfer.giveBack()
      #expect(try directory.allocated("b") <= Int(done) + 65536)
    }
  }

  @Test func countsBytesForWhoeverListens() async throws {
    try await withDirectory(on: .ext4) { directory in
      try directory.makeSparse("a", size: 10 << 20, data: [(1 << 20, 5 << 20)])
      var transfer = try transfer(directory, .preferred)
      let controller = CopyController()
      let activity = controller.begin()
      #expect(try run(&transfer, activity))
      #expect(controller.progress.bytesDone == 10 << 20)
    }
  }
}
