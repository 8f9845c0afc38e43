import Foundation
import Reflink
import SystemPackage
import TestSupport
import Testing

/// A few files that are written, cut, punched, copied and cloned at random, beside arrays of bytes that say
/// what must be in them: whatever shares data must never show another's writes.
///
/// REFLINK_OPERATIONS chooses how many operations (`Scripts/random-operations`), REFLINK_SEED repeats a run.
@Suite(.onFileSystems, .timeLimit(.minutes(600))) struct StatefulTests {
  private static let count = 5
  private static let largest = 150_000

  private static var operations: Int {
    ProcessInfo.processInfo.environment["REFLINK_OPERATIONS"].flatMap { Int($0) } ?? 500
  }

  /// The files, and what they hold.
  private struct Model {
    let directory: TestDirectory
    var files: [[UInt8]?]
    var descriptors: [FileDescriptor?]

    func path(_ index: Int) -> FilePath { directory.file("f\(index)") }

    /// Another file has the name, perhaps.
    mutating func reopen(_ index: Int) throws {
      try descriptors[index]?.close()
      descriptors[index] = nil
      if files[index] != nil {
        descriptors[index] = try FileDescriptor.open(path(index), .readWrite)
      }
    }

    mutating func write(_ index: Int, at offset: Int, _ bytes: [UInt8]) throws {
      guard let file = descriptors[index], var content = files[index] else { return }
      var done = 0
      while done < bytes.count {
        done += try bytes[done...].withUnsafeBytes {
          try file.write(toAbsoluteOffset: Int64(offset + done), $0)
        }
      }
      if content.count < offset + bytes.count {
        content += [UInt8](repeating: 0, count: offset + bytes.count - content.count)
      }
      content.replaceSubrange(offset..<offset + bytes.count, with: bytes)
      files[index] = content
    }

    mutating func resize(_ index: Int, _ size: Int) throws {
      guard let file = descriptors[index], let content = files[index] else { return }
      try #require(ftruncate(file.rawValue, size) == 0)
      files[index] =
        Array(content.prefix(size)) + [UInt8](repeating: 0, count: max(0, size - content.count))
    }

    mutating func punch(_ index: Int, _ range: Range<Int>) throws {
      guard let file = descriptors[index], let content = files[index] else { return }
      let range = range.clamped(to: 0..<content.count)
      guard !range.isEmpty else { return }
      try #require(punchHole(file, range))
      files[index]?.replaceSubrange(range, with: [UInt8](repeating: 0, count: range.count))
    }

    func verify(_ index: Int) throws -> Bool {
      let there = FileManager.default.contents(atPath: path(index).string)
      return there.map { [UInt8]($0) } == files[index]
    }
  }

  @Test(arguments: [TestFileSystem.xfs, .xfsSmallBlocks, .btrfs, .btrfsCompressed, .ext4, .tmpfs])
  func filesHoldWhatTheModelSays(_ system: TestFileSystem) async throws {
    let seed =
      ProcessInfo.processInfo.environment["REFLINK_SEED"].flatMap { UInt64($0) }
      ?? UInt64.random(in: 0..<1_000_000)
    print("Random operations on \(system): seed \(seed), \(Self.operations) operations")
    var random = SeededGenerator(state: seed)
    try await withDirectory(on: system) { directory in
      var model = Model(
        directory: directory, files: Array(repeating: nil, count: Self.count),
        descriptors: Array(repeating: nil, count: Self.count))
      for number in 0..<Self.operations {
        let (from, to) = (
          Int.random(in: 0..<Self.count, using: &random),
          Int.random(in: 0..<Self.count, using: &random)
        )
        let what = try apply(Int.random(in: 0..<13, using: &random), from, to, &model, &random)
        guard try model.verify(to),
          number % 40 != 0 || (0..<Self.count).allSatisfy({ (try? model.verify($0)) ?? false })
        else {
          Issue.record("seed \(seed), operation \(number): \(what)")
          break
        }
      }
      for index in 0..<Self.count {
        #expect(try model.verify(index), "seed \(seed), file \(index) in the end")
        try model.descriptors[index]?.close()
      }
    }
  }

  /// One operation; returns what it was.
  private func apply(
    _ kind: Int, _ from: Int, _ to: Int, _ model: inout Model, _ random: inout SeededGenerator
  ) throws -> String {
    // Offsets on block boundaries and off them.
    func offset() -> Int {
      let any = Int.random(in: 0..<Self.largest, using: &random)
      return Bool.random(using: &random) ? any & ~4095 : any
    }
    switch kind {
    case 0...2:
      if model.files[to] == nil {
        try model.directory.write("f\(to)", [])
        model.files[to] = []
        try model.reopen(to)
      }
      let byte = UInt8.random(in: .min ... .max, using: &random)
      let length = Int.random(in: 1..<20_000, using: &random)
      let start = min(offset(), Self.largest - length)
      let bytes = (0..<length).map { byte &+ UInt8(truncatingIfNeeded: $0 &* 7) }
      try model.write(to, at: start, bytes)
      return "write \(length) bytes at \(start) into \(to)"
    case 3:
      let size = offset()
      try model.resize(to, size)
      return "truncate \(to) to \(size)"
    case 4:
      let (start, end) = (offset(), offset())
      try model.punch(to, min(start, end)..<max(start, end))
      return "punch \(start) to \(end) out of \(to)"
    case 5:
      try? FileManager.default.removeItem(atPath: model.path(to).string)
      model.files[to] = nil
      try model.reopen(to)
      return "remove \(to)"
    case 6...10:
      guard from != to, let content = model.files[from] else { return "nothing" }
      let options = CopyOptions(
        cloning: kind == 6 ? .never : .preferred, slices: kind == 7 ? .bytes(65_536) : .whole,
        holes: kind == 8 ? .detect : .keep, preserving: .nothing,
        publication: [.inPlace, .unnamed, .temporary][Int.random(in: 0..<3, using: &random)],
        replacedAttributes: kind == 9 ? .kept : .discarded)
      let rule =
        Bool.random(using: &random)
        ? ExistingRule.replace
        : .policy { facts in
          facts.destination == .unseen ? .create : .overwrite
        }
      _ = try Blocking.copyFile(
        model.path(from), to: model.path(to), options: options, ifExists: rule)
      model.files[to] = content
      try model.reopen(to)
      return "copy \(from) to \(to), \(options)"
    default:
      guard from != to, let content = model.files[from], model.files[to] != nil, !content.isEmpty
      else { return "nothing" }
      let start = min(offset(), content.count - 1)
      let end = min(start + Int.random(in: 1..<60_000, using: &random), content.count)
      let place = offset()
      _ = try Blocking.copyRange(
        from: model.path(from), range: Int64(start)..<Int64(end), to: model.path(to),
        at: Int64(place),
        cloning: kind == 11 ? .never : .preferred)
      var target = model.files[to] ?? []
      if target.count < place + end - start {
        target += [UInt8](repeating: 0, count: place + end - start - target.count)
      }
      target.replaceSubrange(place..<place + end - start, with: content[start..<end])
      model.files[to] = target
      return "copy \(start)..<\(end) of \(from) to \(place) of \(to)"
    }
  }
}
