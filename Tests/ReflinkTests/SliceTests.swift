import Foundation
import Reflink
import SystemPackage
import TestSupport
import Testing

/// Clones in slices, and the verb `clone`.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct SliceTests {
  @Test(arguments: TestFileSystem.clonable)
  func clonesAllInSlicesOfBytes(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try directory.fill("a", 5_000_123)
      // Rounded up to 64 KiB: 5,000,123 bytes are 77 such slices.
      for (bytes, calls) in [(1 << 20, 5), (1, 77), (65_537, 39), (.max, 1)] as [(Int64, Int)] {
        let outcome = try syncClone(directory.file("a"), directory.file("b"), .bytes(bytes))
        #expect(outcome.execution == .slices(calls), "\(bytes)")
        #expect(outcome.cloned == 5_000_123)
        #expect(outcome.method == .cloned)
        #expect(try directory.read("b") == directory.read("a"))
        #expect(try directory.sharedBytes("a", "b") == directory.dataBytes("a"))
        unlink(directory["b"])
      }
    }
  }

  @Test(arguments: [TestFileSystem.xfs, .btrfs])
  func slicesByTimeBecomeShorterWhereExtentsAreMany(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try directory.makeFragmented("a", extents: 8000)
      let outcome = try syncClone(directory.file("a"), directory.file("b"), .time(.milliseconds(1)))
      guard case .slices(let calls) = outcome.execution else {
        Issue.record("\(outcome.execution)")
        return
      }
      // At 4 MiB a slice, with which it begins, it would be 16.
      #expect(calls > 16)
      #expect(outcome.cloned == 8000 * 8192)
      #expect(try directory.read("b") == directory.read("a"))
    }
  }

  @Test(arguments: [TestFileSystem.xfs, .btrfs])
  func theCopyEndsWhereTheSourceEndedWhenSomebodyAppends(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try directory.fill("a", 3_000_001)
      let before = try directory.read("a")
      let controller = CopyController()
      let path = directory["a"]
      // Appended to while it is cloned, at any moment.
      for round in 0..<20 {
        truncate(path, 3_000_001)
        let grow = Thread {
          usleep(UInt32.random(in: 0...3000))
          let file = open(path, O_WRONLY | O_APPEND)
          _ = randomBytes(70_000).withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
          close(file)
        }
        grow.start()
        let outcome = try syncClone(
          directory.file("a"), directory.file("b"), .bytes(1), controller: controller)
        while !grow.isFinished { usleep(100) }
        let copy = try directory.read("b")
        #expect(copy.starts(with: before), "round \(round)")
        #expect(copy.count >= before.count)
        #expect(outcome.cloned == Int64(copy.count))
        unlink(directory["b"])
      }
    }
  }

  @Test func noCopyOnWriteIsMatchedAndRefusalsAreTold() async throws {
    try await withDirectory(on: .btrfs) { directory in
      try await shell("touch a; chattr +C a; head -c 300000 /dev/urandom > a", in: directory.path)
      let outcome = try syncClone(directory.file("a"), directory.file("b"), .bytes(65536))
      #expect(outcome.noCopyOnWrite == .set)
      #expect(try directory.sharedBytes("a", "b") == directory.dataBytes("a"))
    }
    try await withDirectory(on: .ext4) { directory in
      try directory.fill("a", 300_000)
      for slices in [CopyOptions.Slices.whole, .bytes(65536), .time(.milliseconds(20))] {
        let error = failure { try syncClone(directory.file("a"), directory.file("b"), slices) }
        #expect(error?.code == .notSupported(.notSupported))
        #expect(error?.operation == .clone)
      }
      // Preferred, it goes on by other ways.
      let options = CopyOptions(slices: .bytes(65536))
      let outcome = try syncCopy(directory.file("a"), directory.file("c"), options)
      #expect(outcome.method == .offloaded)
      #expect(outcome.fallback == .notSupported)
      #expect(try directory.names() == ["a", "c"])
    }
  }

  @Test func whatIsNoRegularFileIsNotCloned() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell("mkfifo p; mkdir d; echo x > a; ln -s a l; touch empty", in: directory.path)
      #expect(
        failure { try syncClone(directory.file("p"), directory.file("b")) }?.code
          == .notSupported(.notRegular))
      #expect(
        failure { try syncClone(directory.file("d"), directory.file("b")) }?.code == .wrongType)
      // Followed: a link has no data of its own.
      #expect(try syncClone(directory.file("l"), directory.file("b")).cloned == 2)
      #expect(try syncClone(directory.file("empty"), directory.file("c")).clone == .worked)
      #expect(try directory.names() == ["a", "b", "c", "d", "empty", "l", "p"])
    }
  }

  /// Btrfs keeps it in its metadata: cloned, and nothing is shared.
  @Test func anInlineFileIsClonedAndSaysSo() async throws {
    try await withDirectory(on: .btrfs) { directory in
      try directory.fill("a", 100)
      let outcome = try syncClone(directory.file("a"), directory.file("b"))
      #expect(outcome.method == .inline)
      #expect(outcome.inline == 100)
      #expect(outcome.total == 100)
      #expect(outcome.cloned == 0)
      try directory.fill("larger", 3000)
      #expect(try syncClone(directory.file("larger"), directory.file("c")).method == .cloned)
      let map = try syncExtents(directory.file("b"))
      #expect(map.inline == 100)
      let report = try syncSharing(directory.file("a"), directory.file("b"))
      #expect(report.verdict == .noData)
    }
  }
}
