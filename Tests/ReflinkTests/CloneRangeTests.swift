import Foundation
import Reflink
import SystemPackage
import TestSupport
import Testing

/// `cloneRange` against a model of arrays, and at its edges.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct CloneRangeTests {
  private func cloned(
    _ directory: TestDirectory, _ a: String, _ range: Range<Int64>, _ b: String, at offset: Int64,
    _ cloning: CopyOptions.Cloning = .preferred
  ) throws(ReflinkError) -> CopyOutcome {
    try Blocking.copyRange(
      from: directory.file(a), range: range, to: directory.file(b), at: offset, cloning: cloning)
  }

  @Test(arguments: TestFileSystem.clonable)
  func sharesWholeBlocksAndCopiesTheEnds(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try directory.fill("a", 1 << 20)
      try directory.fill("b", 2 << 20)
      var expected = try directory.read("b")
      let outcome = try cloned(directory, "a", 1000..<700_000, "b", at: 1000 + 65536, .required)
      expected.replaceSubrange(
        66536..<66536 + 699_000, with: try directory.read("a")[1000..<700_000])
      #expect(try directory.read("b") == expected)
      let unit = system == .xfsSmallBlocks ? 1024 : 4096
      #expect(outcome.cloned == Int64(700_000 / unit * unit - unit))
      #expect(outcome.cloned + outcome.copied == 699_000)
      #expect(outcome.offloaded == 0)
      #expect(
        try directory.extents("b").filter { $0.isShared }.reduce(0) { $0 + $1.length }
          == outcome.cloned)
    }
  }

  @Test(arguments: TestFileSystem.all)
  func anEmptyRangeDoesNothing(_ system: TestFileSystem) async throws {
    // To the kernel a length of 0 means "to the end".
    try await withDirectory(on: system) { directory in
      try directory.fill("a", 100_000)
      try directory.fill("b", 5000)
      let before = try directory.read("b")
      for offset: Int64 in [0, 4096, 100_000] {
        #expect(try cloned(directory, "a", offset..<offset, "b", at: 0).total == 0)
      }
      #expect(try directory.read("b") == before)
    }
  }

  @Test(arguments: TestFileSystem.all)
  func overlapsInOneFileAreRefused(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try directory.fill("a", 100_000)
      let before = try directory.read("a")
      for (range, offset) in [(0..<8192, 4096), (4096..<8192, 0), (0..<4096, 0), (0..<5000, 4999)]
        as [(Range<Int64>, Int64)]
      {
        let end = failure { _ = try cloned(directory, "a", range, "a", at: offset) }
        if range == 4096..<8192 { continue }  // next to each other
        #expect(end?.code == .sameFile, "\(range) to \(offset)")
      }
      #expect(try directory.read("a").count == before.count)
    }
  }

  @Test(arguments: TestFileSystem.clonable)
  func aRangeWhoseBlocksDoNotFitIsNotShared(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try directory.fill("a", 100_000)
      try directory.write("b", [])
      let error = failure { _ = try cloned(directory, "a", 0..<50_000, "b", at: 100, .required) }
      #expect(error?.code == .notSupported(.misaligned))
      #expect(try directory.read("b").isEmpty)
      let outcome = try cloned(directory, "a", 0..<50_000, "b", at: 100)
      #expect(outcome.fallback == .misaligned)
      #expect(outcome.total == 50_000)
      #expect(try Array(directory.read("b")[100...]) == Array(directory.read("a")[..<50_000]))
    }
  }

  @Test(arguments: TestFileSystem.copying)
  func whereNothingIsSharedARequiredRangeFails(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try directory.fill("a", 100_000)
      try directory.fill("b", 100_000)
      let before = try directory.read("b")
      let error = failure { _ = try cloned(directory, "a", 0..<8192, "b", at: 0, .required) }
      #expect(error?.code == .notSupported(.notSupported))
      #expect(try directory.read("b") == before)
    }
  }

  /// Between file systems, and where nothing can be shared: what is a hole stays one, and what stood
  /// in its place goes.
  @Test(arguments: [
    (TestFileSystem.xfs, TestFileSystem.ext4), (.ext4, .ext4), (.ext4, .xfs), (.xfs, .btrfs),
    (.tmpfs, .ext4), (.xfs, .tmpfs), (.xfs, .fuse),
  ])
  func holesStayHoles(_ from: TestFileSystem, _ to: TestFileSystem) async throws {
    try await withDirectory(on: from) { source in
      try await withDirectory(on: to) { directory in
        try source.makeSparse(
          "a", size: 8 << 20, data: [(at: 1 << 20, count: 4096), (at: 5 << 20, count: 100_000)])
        let bytes = try source.read("a")
        let range: Range<Int64> = 100_000..<7 << 20
        // Into nothing, past the end, and over data.
        try await shell(
          "head -c 9M /dev/zero | tr '\\0' x >over; echo short >short", in: directory.path)
        for name in ["new", "short", "over"] {
          let before = directory.exists(name) ? try directory.read(name) : []
          let outcome = try await copyRange(
            from: source.file("a"), range: range, to: directory.file(name), at: 300_000)
          #expect(outcome.total == range.upperBound - range.lowerBound)
          var expected = before + Array(repeating: 0, count: max(0, 300_000 - before.count))
          expected = Array(expected.prefix(300_000)) + bytes[100_000..<7 << 20]
          expected += before.dropFirst(expected.count)
          #expect(try directory.read(name) == expected, "\(name)")
          if to != .fuse {
            #expect(outcome.holes > 6 << 20, "\(name)")
            #expect(try directory.allocated(name) < 4 << 20, "\(name)")
          }
        }
      }
    }
  }

  @Test func aRefusedRangeMakesNoFile() async throws {
    try await withDirectory(on: .ext4) { directory in
      try directory.fill("a", 50_000)
      for range: Range<Int64> in [0..<50_001, 0..<8192] {
        #expect(failure { _ = try cloned(directory, "a", range, "new", at: 0, .required) } != nil)
      }
      #expect(
        failure { _ = try cloned(directory, "a", 0..<8192, "no/new", at: 0) }?.code == .notFound)
      #expect(try directory.names() == ["a"])
    }
  }

  @Test func aRangePastTheEndIsRefused() async throws {
    try await withDirectory(on: .xfs) { directory in
      try directory.fill("a", 5000)
      for range: Range<Int64> in [0..<5001, 5000..<6000] {
        let error = failure { _ = try cloned(directory, "a", range, "b", at: 0) }
        #expect(error?.code == .invalidArgument)
      }
      let negative = failure { _ = try cloned(directory, "a", -5..<10, "b", at: 0) }
      #expect(negative?.code == .invalidArgument)
    }
  }

  /// 10,000 random operations on each file system, in batches that each start from
  /// new files. Small files and offsets, so that ends and edges meet often.
  @Test(arguments: TestFileSystem.main + [.xfsSmallBlocks])
  func behavesLikeArraysOfBytes(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      let seed = UInt64.random(in: .min ... .max)
      var random = SeededGenerator(state: seed)
      var log: [String] = []
      for batch in 0..<100 {
        var model: [String: [UInt8]] = [:]
        for name in ["a", "b"] {
          model[name] = random.bytes(Int.random(in: 1...60_000, using: &random))
          try directory.write(name, model[name] ?? [])
        }
        log = []
        for _ in 0..<100 {
          let from = Bool.random(using: &random) ? "a" : "b"
          let to = Bool.random(using: &random) ? "a" : "b"
          let source = model[from] ?? []
          let unit = [1, 512, 4096, 4096, 4096].randomElement(using: &random) ?? 1
          let start = min(
            Int.random(in: 0...source.count, using: &random) / unit * unit, source.count)
          var end = min(
            start + Int.random(in: 0...30_000, using: &random) / unit * unit, source.count)
          if Int.random(in: 0..<4, using: &random) == 0 { end = source.count }
          let offset = Int.random(in: 0...70_000, using: &random) / unit * unit
          let cloning =
            [CopyOptions.Cloning.preferred, .preferred, .never].randomElement(using: &random)
            ?? .never
          log.append("\(from) \(start)..<\(end) -> \(to) at \(offset), \(cloning)")

          let overlaps =
            from == to && start < end && (offset..<offset + end - start).overlaps(start..<end)
          let error = failure {
            _ = try cloned(
              directory, from, Int64(start)..<Int64(end), to, at: Int64(offset), cloning)
          }
          if overlaps {
            #expect(error?.code == .sameFile, "seed \(seed), batch \(batch): \(log)")
            continue
          }
          if let error {
            Issue.record("seed \(seed), batch \(batch): \(error) in \(log)")
            return
          }
          if start < end {
            var target = model[to] ?? []
            let length = end - start
            if target.count < offset + length {
              target += [UInt8](repeating: 0, count: offset + length - target.count)
            }
            target.replaceSubrange(offset..<offset + length, with: source[start..<end])
            model[to] = target
          }
        }
        for (name, bytes) in model where try directory.read(name) != bytes {
          Issue.record("seed \(seed), batch \(batch): \(name) differs after \(log)")
          return
        }
      }
    }
  }
}
