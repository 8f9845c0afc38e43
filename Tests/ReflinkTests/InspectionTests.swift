import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import Reflink

/// Extents, proof of sharing, and what is possible.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct InspectionTests {
  @Test(arguments: TestFileSystem.all + [.fuse])
  func everyByteIsInOneExtent(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try directory.makeSparse(
        "a", size: 1 << 20, data: [(at: 65536, count: 70_000), (at: 500_000, count: 10)])
      let map = try syncExtents(directory.file("a"))
      #expect(map.size == 1 << 20)
      var end: Int64 = 0
      for extent in map.extents {
        #expect(extent.range.lowerBound == end)
        end = extent.range.upperBound
      }
      #expect(end == 1 << 20)
      let tells = ![.tmpfs, .fuse].contains(system)
      #expect((map.unknown == 1 << 20) == !tells)
      if tells {
        #expect(map.holes > 800_000)
        #expect(map.exclusive >= 70_010)
        #expect(map.shared == 0)
      }
      try directory.write("empty", [])
      #expect(try syncExtents(directory.file("empty")).extents.isEmpty)
    }
  }

  @Test(arguments: TestFileSystem.clonable)
  func provesWhatIsSharedAndWhatIsNot(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try directory.fill("a", 1 << 20)
      try syncClone(directory.file("a"), directory.file("b"))
      let whole = try syncSharing(directory.file("a"), directory.file("b"))
      #expect(whole.verdict == .all)
      #expect(whole.first.sharedWithEachOther == 1 << 20)
      #expect(whole.first.total == 1 << 20)

      // A write un-shares; on Btrfs the source's extent is still called shared as a whole,
      // and the proof goes by places.
      try directory.overwrite("b", at: 65536, randomBytes(65536))
      let part = try syncSharing(directory.file("a"), directory.file("b"))
      #expect(part.verdict == .some)
      #expect(part.second.exclusive == 65536)
      if system != .btrfsCompressed {
        #expect(part.first.sharedWithEachOther == (1 << 20) - 65536)
      }
      #expect(part.first.total == 1 << 20)

      // Somebody else's: a third file shares with the first, an equal one with nobody.
      try directory.write("equal", directory.read("a"))
      let none = try syncSharing(directory.file("a"), directory.file("equal"))
      #expect(none.verdict == .none)
      #expect(none.first.sharedWithOthers > 0)
      #expect(none.second.exclusive == 1 << 20)
    }
  }

  @Test(arguments: [TestFileSystem.tmpfs, .fuse])
  func unknownIsSaidWhereNobodyTells(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try directory.fill("a", 10_000)
      try directory.fill("b", 10_000)
      let report = try syncSharing(directory.file("a"), directory.file("b"))
      #expect(report.verdict == .unknown)
      #expect(report.first.unknown == 10_000)
    }
  }

  /// The same place on two file systems is two places.
  @Test func twoFileSystemsShareNothing() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await withDirectory(on: .quietXfs) { other in
        // Equal from the start, so that places are equal somewhere, and all of it shared.
        for place in [directory, other] {
          try place.fill("a", 64 << 20)
          try syncClone(place.file("a"), place.file("b"))
        }
        let report = try syncSharing(directory.file("a"), other.file("a"))
        #expect(report.verdict == .none)
        #expect(report.first.sharedWithOthers == 64 << 20)
      }
    }
    let common = map([(0..<100, data(1000))])
    #expect(account(common, common).verdict == .all)
    #expect(account(common, common, onOneFileSystem: false).verdict == .none)
  }

  @Test func subvolumesAreOneFileSystem() async throws {
    try await withDirectory(on: .btrfs, in: "one") { directory in
      try await withDirectory(on: .btrfs, in: "two") { other in
        try directory.fill("a", 1 << 20)
        try syncClone(directory.file("a"), other.file("b"))
        #expect(try directory.status("a").st_dev != other.status("b").st_dev)
        #expect(try syncSharing(directory.file("a"), other.file("b")).verdict == .all)
      }
    }
  }

  @Test func twoNamesOfOneFileAndOtherKindsAreErrors() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell("echo x > a; ln a b; mkdir d; mkfifo p", in: directory.path)
      #expect(
        failure { try syncSharing(directory.file("a"), directory.file("b")) }?.code == .sameFile)
      for name in ["d", "p"] {
        #expect(failure { try syncExtents(directory.file(name)) }?.code == .wrongType)
        #expect(
          failure { try syncProbe(directory.file(name), directory.file("d")) }?.code == .wrongType)
      }
      #expect(failure { try syncExtents(directory.file("none")) }?.code == .notFound)
    }
  }

  @Test func manyExtentsAreReadInTurnsAndCanBeCancelled() async throws {
    try await withDirectory(on: .xfs) { directory in
      try directory.makeFragmented("a", extents: 5000)
      let map = try await extents(of: directory.file("a"))
      #expect(map.holes + map.exclusive + map.unwritten == 5000 * 8192)
      #expect(map.exclusive == 5000 * 4096)
      let controller = CopyController()
      controller.cancel()
      let error = failure { try syncExtents(directory.file("a"), controller: controller) }
      #expect(error?.code == .cancelled)
    }
  }

  // MARK: - The account, without a file system

  private func account(
    _ first: ExtentMap, _ second: ExtentMap, onOneFileSystem isOne: Bool = true
  ) -> SharingReport {
    var accounting = SharingAccounting(first, second, onOneFileSystem: isOne)
    var steps = 0
    while accounting.step() { steps += 1 }
    // Both maps twice, 512 extents at a time.
    if isOne { #expect(steps >= (first.extents.count + second.extents.count) / 256) }
    return accounting.report
  }

  private func map(_ extents: [(Range<Int64>, ExtentMap.Extent.Kind)]) -> ExtentMap {
    ExtentMap(extents: extents.map { ExtentMap.Extent(range: $0.0, kind: $0.1) })
  }

  private func data(_ place: UInt64, shared: Bool = true, encoded: Bool = false)
    -> ExtentMap.Extent.Kind
  {
    .data(at: place, isShared: shared, isEncoded: encoded)
  }

  @Test func placesAreComparedNotOffsets() {
    let first = map([(0..<100, data(1000)), (100..<200, .hole), (200..<300, data(5000))])
    // At another offset; twice; and only a part.
    let second = map([(0..<50, data(1050)), (50..<150, data(1000)), (150..<160, data(5095))])
    let report = account(first, second)
    #expect(report.first.sharedWithEachOther == 105)
    #expect(report.first.sharedWithOthers == 95)
    #expect(report.first.holes == 100)
    #expect(report.second.sharedWithEachOther == 155)
    #expect(report.second.sharedWithOthers == 5)
    #expect(report.verdict == .some)
  }

  /// Long runs, many of them, against the same by the block, in another order and met twice.
  @Test func largeMapsAreAddedUpInSteps() {
    let block: Int64 = 4096
    let runs: [(Range<Int64>, ExtentMap.Extent.Kind)] = (0..<Int64(20)).map { run in
      let start = run * 1000 * block
      return (start..<start + 1000 * block, data(UInt64(run) << 30 + 0x3FFF000))
    }
    // Every other block of each run, from the last run on; the last block twice.
    var position: Int64 = 0
    var blocks: [(Range<Int64>, ExtentMap.Extent.Kind)] = []
    for run in (0..<20).reversed() {
      for index in stride(from: UInt64(0), to: 1000, by: 2) {
        blocks.append(
          (position..<position + block, data(UInt64(run) << 30 + 0x3FFF000 + index * 4096)))
        position += block
      }
    }
    blocks.append((position..<position + block, data(0x3FFF000)))
    let report = account(map(runs), map(blocks))
    #expect(report.first.sharedWithEachOther == 10_000 * block)
    #expect(report.first.sharedWithOthers == 10_000 * block)
    #expect(report.second.sharedWithEachOther == 10_001 * block)
    #expect(report.second.total == 10_001 * block)
  }

  @Test func whatIsNotCalledSharedIsNotProof() {
    // The two were read at different times: a block may have changed hands.
    let report = account(
      map([(0..<100, data(1000))]), map([(0..<100, data(1000, shared: false))]))
    #expect(report.verdict == .none)
  }

  @Test func encodedDataIsTheSameOnlyAtTheSameOffset() {
    let first = map([(0..<100, data(1000, encoded: true))])
    #expect(account(first, map([(0..<100, data(1000, encoded: true))])).verdict == .all)
    #expect(account(first, map([(100..<200, data(1000, encoded: true))])).verdict == .none)
    #expect(account(first, map([(0..<100, data(1050))])).verdict == .none)
  }

  @Test func neitherInlineNorHolesCount() {
    let report = account(
      map([(0..<100, .inline)]), map([(0..<50, .hole), (50..<60, .unwritten)]))
    #expect(report.verdict == .noData)
    #expect(report.second.total == 60)
    let unknown = account(map([(0..<100, .unknown)]), map([(0..<100, data(1))]))
    #expect(unknown.verdict == .unknown)
  }

  // MARK: - Probe

  @Test(arguments: TestFileSystem.all + [.fuse])
  func triesWhatIsPossible(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try directory.fill("a", 100_000)
      try await shell("mkdir d", in: directory.path)
      let before = try directory.status("a")
      let report = try await probe(from: directory.file("a"), to: directory.file("d"))
      let clones = TestFileSystem.clonable.contains(system)
      #expect(report.mechanism == (clones ? .clone : .offload(onServer: false)), "\(report)")
      #expect(report.refusal == (clones ? nil : .notSupported))
      #expect(report.alignment == (clones ? (system == .xfsSmallBlocks ? 1024 : 4096) : nil))
      #expect(report.hasUnnamedFiles == (system != .fuse))
      #expect(report.inlineLimit == (!clones ? nil : system.isBtrfs ? 2048 : 0))
      #expect(report.noCopyOnWrite == nil)
      // Nothing is left, and the source is as it was.
      #expect(try directory.names() == ["a", "d"])
      #expect(try directory.names(in: "d") == [])
      #expect(try directory.status("a").st_ctim.tv_nsec == before.st_ctim.tv_nsec)
      #expect(try directory.openDescriptors() == 0)
      // The promise is kept: what it says is what happens.
      let outcome = try syncCopy(directory.file("a"), directory.file("d/b"))
      #expect((outcome.method == .cloned) == clones)
    }
  }

  @Test func saysWhyNot() async throws {
    try await withDirectory(on: .btrfs) { directory in
      try await withDirectory(on: .xfs) { other in
        try directory.fill("a", 100_000)
        try directory.write("empty", [])
        let away = try syncProbe(directory.file("a"), other.file(""))
        #expect(away.mechanism == .copy)
        #expect(away.refusal == .otherFileSystem)
        #expect(try syncProbe(directory.file("empty"), other.file("")).refusal == .otherFileSystem)
        let empty = try syncProbe(directory.file("empty"), directory.file(""))
        #expect(empty.mechanism == .clone)
        #expect(empty.alignment == nil)
        try await shell("mkdir n; chattr +C n", in: directory.path)
        let nocow = try syncProbe(directory.file("a"), directory.file("n"))
        #expect(nocow.mechanism == .clone)
        #expect(nocow.noCopyOnWrite == .cleared)
        #expect(failure { try syncProbe(directory.file("a"), directory.file("none")) } != nil)
      }
    }
  }
}
