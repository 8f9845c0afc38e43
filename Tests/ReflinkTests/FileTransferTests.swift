import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import Reflink

/// The transfer step by step: bounded, resumable, and right when the source
/// changes between two steps.
@Suite(.onFileSystems, .timeLimit(.minutes(8))) struct FileTransferTests {
  private func transfer(
    _ folder: TestFolder, _ cloning: Cloning, holes: Holes = .keep
  ) throws -> FileTransfer {
    let source = try folder.file("a").withName { (name) throws(SystemError) in
      try Descriptor.currentFolder.open(name, .read)
    }
    let status = try source.status()
    let destination = try folder.file("b").withName { (name) throws(SystemError) in
      try Descriptor.currentFolder.open(name, [.write, .create, .exclusive], mode: 0o600)
    }
    return FileTransfer(
      from: source, status, into: destination, cloning: cloning, holes: holes)
  }

  @Test(arguments: [Cloning.preferred, .never])
  func eachStepIsBounded(_ cloning: Cloning) async throws {
    try await withFolder(on: .ext4) { folder in
      try folder.fill("a", 20 << 20)
      var transfer = try transfer(folder, cloning)
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
      #expect(try folder.read("a") == folder.read("b"))
    }
  }

  /// As on OCFS2 with large clusters, whose kernel shares more than it is asked for: what
  /// does not fit goes through memory, and no call that may share gets it.
  @Test(arguments: [Cloning.preferred, .required])
  func aUnitThatIsNotCheckedIsKeptTo(_ cloning: Cloning) async throws {
    try await withFolder(on: .xfs) { folder in
      try folder.fill("a", 300_000)
      try folder.fill("b", 300_000)
      var expected = try folder.read("b")
      let unit = SharingUnit(bytes: 65536, isChecked: false)
      for (range, cloned) in [
        (Int64(4096)..<8192, Int64(0)), (4096..<200_000, 2 * 65536), (0..<300_000, 4 * 65536),
      ] {
        func open(_ name: String, _ flags: OpenFlags) throws -> Descriptor {
          try folder.file(name).withName { (name) throws(SystemError) in
            try Descriptor.currentFolder.open(name, flags)
          }
        }
        let source = try open("a", .read)
        let destination = try open("b", .readWrite)
        let status = try source.status()
        let there = try destination.status()
        var transfer = RangeTransfer(
          from: source, status, range, into: destination, there, at: range.lowerBound,
          unit: unit, cloning: cloning)
        #expect(try run(&transfer, control: nil))
        #expect(transfer.outcome.cloned == cloned)
        #expect(transfer.outcome.copied == Int64(range.count) - cloned)
        #expect(transfer.outcome.offloaded == 0)
        let place = Int(range.lowerBound)..<Int(range.upperBound)
        expected.replaceSubrange(place, with: try folder.read("a")[place])
        #expect(try folder.read("b") == expected)
      }
    }
  }

  @Test(arguments: [TestFileSystem.ext4, .xfs, .btrfs], [Cloning.preferred, .never])
  func aSourceThatShrinksEndsWhereItEnds(_ system: TestFileSystem, _ cloning: Cloning) async throws
  {
    try await withFolder(on: system == .xfs && cloning == .preferred ? .xfsWithoutReflink : system)
    {
      folder in
      try folder.fill("a", 12 << 20)
      var transfer = try transfer(folder, cloning)
      if case .advanced = try transfer.step() {}
      if case .advanced = try transfer.step() {}
      let kept = Int(transfer.position) + 1000
      truncate(folder["a"], off_t(min(kept, 12 << 20)))
      #expect(try run(&transfer, control: nil))
      let size = Int(try folder.status("b").st_size)
      // A clone that was made by then has everything.
      #expect(size == (transfer.outcome.cloned > 0 ? 12 << 20 : kept))
      #expect(try folder.allocated("b") <= size + 65536)
    }
  }

  @Test(arguments: [Cloning.preferred, .never])
  func aSourceThatGrowsIsCopiedAsItWas(_ cloning: Cloning) async throws {
    try await withFolder(on: .ext4) { folder in
      try folder.fill("a", 1_000_000)
      let before = try folder.read("a")
      var transfer = try transfer(folder, cloning)
      try folder.overwrite("a", at: 1_000_000, randomBytes(500_000))
      #expect(try run(&transfer, control: nil))
      #expect(try folder.read("b") == before)
    }
  }

  @Test func aFileThatSomebodyAppendsToForEverIsCopiedInTime() async throws {
    try await withFolder(on: .ext4) { folder in
      try folder.write("a", [])
      let writer = Task.detached {
        while !Task.isCancelled {
          try folder.overwrite("a", at: Int.random(in: 0..<1000) << 12, [1])
        }
      }
      for _ in 0..<20 {
        var transfer = try transfer(folder, .never)
        #expect(try run(&transfer, control: nil))
        #expect(transfer.position <= 1000 << 12)
        unlink(folder["b"])
      }
      writer.cancel()
      _ = await writer.result
    }
  }

  @Test(arguments: [Cloning.preferred, .never])
  func givesWayOnlyWhenItsSliceIsSpentAndOthersWait(_ cloning: Cloning) async throws {
    try await withFolder(on: .ext4) { folder in
      try folder.fill("a", 10 << 20)
      var transfer = try transfer(folder, cloning)
      // A slice of nothing is spent after the first step.
      var turns = 0
      while true {
        let turn = try advance(
          &transfer, control: nil, slice: TimeSlice(.zero), othersWait: { true })
        if turn == .finished { break }
        #expect(turn == .spent)
        turns += 1
      }
      #expect(turns >= (cloning == .never ? 40 : 3))
      #expect(try folder.read("a") == folder.read("b"))

      unlink(folder["b"])
      var alone = try self.transfer(folder, cloning)
      let turn = try advance(&alone, control: nil, slice: TimeSlice(.zero), othersWait: { false })
      #expect(turn == .finished)

      unlink(folder["b"])
      var long = try self.transfer(folder, cloning)
      let first = try advance(
        &long, control: nil, slice: TimeSlice(.seconds(3600)), othersWait: { true })
      #expect(first == .finished)
    }
  }

  @Test(arguments: [Cloning.preferred, .never])
  func cancellationIsSeenAfterOneStepAndGivesReservedBlocksBack(_ cloning: Cloning) async throws {
    try await withFolder(on: .ext4) { folder in
      try folder.fill("a", 40 << 20)
      var transfer = try transfer(folder, cloning)
      let control = Control()
      while transfer.position == 0 { _ = try transfer.step() }
      let done = transfer.position
      control.cancel()
      let turn = try advance(
        &transfer, control: control, slice: TimeSlice(), othersWait: { false })
      #expect(turn == .cancelled)
      #expect(transfer.bytesDone == done)
      #expect(transfer.bytesLeft == (40 << 20) - done)
      #expect(try folder.status("b").st_size == done)
      // Whoever keeps the file asks for it; one that goes needs none of it.
      transfer.giveBack()
      #expect(try folder.allocated("b") <= Int(done) + 65536)
    }
  }

  @Test func countsBytesForWhoeverListens() async throws {
    try await withFolder(on: .ext4) { folder in
      try folder.makeSparse("a", size: 10 << 20, data: [(1 << 20, 5 << 20)])
      var transfer = try transfer(folder, .preferred)
      let control = Control()
      #expect(try run(&transfer, control: control))
      #expect(control.progress.bytesDone == 10 << 20)
    }
  }
}
