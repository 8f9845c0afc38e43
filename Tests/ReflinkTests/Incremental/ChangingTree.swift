import CReflink
import Foundation
import Reflink
import SystemPackage
import TestSupport
import Testing

/// A small tree "s" in a directory, and what may happen to it.
struct ChangingTree {
  let directory: TestDirectory
  var random: SeededGenerator
  private static let largest = 300_000
  /// So that the last of many rounds takes as long as the first.
  private static let mostFiles = 12
  private var made = 0

  init(_ directory: TestDirectory, seed: UInt64) {
    self.directory = directory
    random = SeededGenerator(state: seed)
  }

  private var root: String { directory["s"] }

  mutating func make() throws {
    try FileManager.default.createDirectory(
      atPath: root + "/d", withIntermediateDirectories: true)
    for _ in 0..<4 { try makeFile() }
    try FileManager.default.linkItem(atPath: root + "/f0", toPath: root + "/d/link")
  }

  private var files: [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: root))?
      .filter { $0.hasPrefix("f") }.sorted() ?? []
  }

  private mutating func makeFile() throws {
    let bytes = random.bytes(Int.random(in: 1..<100_000, using: &random))
    try Data(bytes).write(to: URL(fileURLWithPath: "\(root)/f\(made)"))
    made += 1
  }

  /// One change; returns what it was.
  mutating func change() async throws -> String {
    guard let name = files.randomElement(using: &random) else {
      try makeFile()
      return "make"
    }
    let file = try FileDescriptor.open("\(root)/\(name)", .readWrite)
    defer { try? file.close() }
    let size = Int(try file.seek(offset: 0, from: .end))
    // Offsets on block boundaries and off them.
    func offset(_ random: inout SeededGenerator) -> Int {
      let any = Int.random(in: 0..<Self.largest, using: &random)
      return Bool.random(using: &random) ? any & ~4095 : any
    }
    let (start, end) = (offset(&random), offset(&random))
    let range = min(start, end)..<max(start, end)
    switch Int.random(in: 0..<16, using: &random) {
    case 0...4:
      let bytes = random.bytes(Int.random(in: 1..<9000, using: &random))
      try file.writeAll(toAbsoluteOffset: Int64(start), bytes)
      return "write \(bytes.count) at \(start) of \(name)"
    case 5:
      let bytes = [UInt8](repeating: 0, count: Int.random(in: 1..<20_000, using: &random))
      try file.writeAll(toAbsoluteOffset: Int64(start), bytes)
      return "write \(bytes.count) zeros at \(start) of \(name)"
    case 6:
      let range = range.clamped(to: 0..<max(size, 1))
      if !range.isEmpty { try #require(punchHole(file, range)) }
      return "punch \(range) of \(name)"
    case 7:
      let length = Int64(min(range.count, 50_000) + 1)
      _ = creflink_allocate(file.rawValue, Int64(range.lowerBound), length)
      return "allocate \(length) at \(range.lowerBound) of \(name)"
    case 8:
      try #require(ftruncate(file.rawValue, start) == 0)
      return "truncate \(name) from \(size) to \(start)"
    case 9 where files.count < Self.mostFiles:
      try makeFile()
      return "make f\(made - 1)"
    case 10:
      try FileManager.default.removeItem(atPath: "\(root)/\(name)")
      return "remove \(name)"
    case 11:
      // As editors write: another file gets the name.
      try makeFile()
      try #require(rename("\(root)/f\(made - 1)", "\(root)/\(name)") == 0)
      return "replace \(name)"
    case 12:
      let other = files.randomElement(using: &random) ?? name
      let aside = "\(root)/aside"
      try #require(rename("\(root)/\(name)", aside) == 0)
      if other != name { rename("\(root)/\(other)", "\(root)/\(name)") }
      try #require(rename(aside, "\(root)/\(other)") == 0)
      return "exchange \(name) and \(other)"
    case 13 where size > 0:
      let from = min(range.lowerBound, size - 1)
      let to = min(range.upperBound, from + 80_000, size)
      let place = offset(&random)
      let isApart = place + (to - from) <= from || place >= to
      guard to > from, isApart else { return "nothing" }
      let path = FilePath("\(root)/\(name)")
      _ = try await copyRange(
        from: path, range: Int64(from)..<Int64(to), to: path, at: Int64(place))
      return "copy \(from)..<\(to) to \(place) in \(name)"
    case 14 where size > 0:
      guard
        let memory = mmap(
          nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, file.rawValue, 0), memory != MAP_FAILED
      else { return "nothing" }
      let place = Int.random(in: 0..<size, using: &random)
      memory.storeBytes(
        of: UInt8.random(in: .min ... .max, using: &random), toByteOffset: place, as: UInt8.self)
      // A page that stays dirty changes without a new time.
      msync(memory, size, MS_SYNC)
      munmap(memory, size)
      return "store at \(place) of \(name)"
    default:
      // The same bytes again: moved, and not changed.
      guard size > 0 else { return "nothing" }
      let from = min(start, size - 1)
      var bytes = [UInt8](repeating: 0, count: min(20_000, size - from))
      let count = try bytes.withUnsafeMutableBytes {
        try file.read(fromAbsoluteOffset: Int64(from), into: $0)
      }
      try file.writeAll(toAbsoluteOffset: Int64(from), Array(bytes.prefix(count)))
      return "rewrite \(count) at \(from) of \(name)"
    }
  }
}

extension FileDescriptor {
  fileprivate func writeAll(toAbsoluteOffset offset: Int64, _ bytes: [UInt8]) throws {
    var done = 0
    while done < bytes.count {
      done += try bytes[done...].withUnsafeBytes {
        try write(toAbsoluteOffset: offset + Int64(done), $0)
      }
    }
  }
}

/// All that a copy of a tree has: names, types, attributes, bytes, runs of data.
struct TreeState: Equatable {
  struct Entry: Equatable {
    var mode: UInt32
    var owner: [UInt32]
    var modified: [Int]
    /// The first path of the same file.
    var firstName: String
    var bytes: Data
    var runs: [Range<Int64>]

    /// Whether it has data there, which is zeros.
    func hasZeros(in range: Range<Int64>) -> Bool {
      runs.contains { $0.clamped(to: range) == range }
        && bytes[Int(range.lowerBound)..<Int(range.upperBound)].allSatisfy { $0 == 0 }
    }
  }
  private var entries: [String: Entry] = [:]

  init(_ root: String) throws {
    var first: [UInt: String] = [:]
    let names = try FileManager.default.subpathsOfDirectory(atPath: root).sorted()
    for name in [""] + names {
      let path = "\(root)/\(name)"
      var status = stat()
      guard lstat(path, &status) == 0 else { throw Errno(rawValue: errno) }
      let isFile = status.st_mode & S_IFMT == S_IFREG
      let firstName = first[status.st_ino] ?? name
      first[status.st_ino] = firstName
      entries[name] = Entry(
        mode: status.st_mode, owner: [status.st_uid, status.st_gid],
        modified: [status.st_mtim.tv_sec, status.st_mtim.tv_nsec], firstName: firstName,
        bytes: isFile ? try Data(contentsOf: URL(fileURLWithPath: path)) : Data(),
        runs: isFile ? try Self.runs(path) : [])
    }
  }

  private static func runs(_ path: String) throws -> [Range<Int64>] {
    let file = try FileDescriptor.open(FilePath(path), .readOnly)
    defer { try? file.close() }
    fsync(file.rawValue)
    var runs: [Range<Int64>] = []
    var offset: Int64 = 0
    while true {
      let data = creflink_seek_data(file.rawValue, offset)
      guard data >= 0 else { return runs }
      offset = creflink_seek_hole(file.rawValue, data)
      runs.append(data..<offset)
    }
  }

  /// The same with the data of the other tree where the two may differ.
  ///
  /// Holes: where a small file has as many blocks as bytes (reserved past its end), a full copy does not look for
  /// any. Data: zeros that the earlier copy had already. Btrfs calls all of a file data that has as many
  /// blocks as bytes, what was reserved and never written included (SEEK_DATA); once the file has grown it does not.
  func withDataWhere(_ other: TreeState, after earlier: TreeState?) -> TreeState {
    var result = self
    for (name, entry) in entries {
      guard let theirs = other.entries[name] else { continue }
      let before = earlier?.entries[name]
      let isAllowed = entry.runs.allSatisfy { run in
        Self.without(theirs.runs, run).allSatisfy { more in
          before.map { $0.hasZeros(in: more) && entry.hasZeros(in: more) } ?? false
        }
      }
      if isAllowed { result.entries[name]?.runs = theirs.runs }
    }
    return result
  }

  /// The parts of a range that no run has.
  private static func without(_ runs: [Range<Int64>], _ range: Range<Int64>) -> [Range<Int64>] {
    var parts: [Range<Int64>] = []
    var start = range.lowerBound
    for run in runs where run.overlaps(range) {
      if run.lowerBound > start { parts.append(start..<run.lowerBound) }
      start = max(start, run.upperBound)
    }
    if start < range.upperBound { parts.append(start..<range.upperBound) }
    return parts
  }

  /// What is unlike, in words.
  func difference(from other: TreeState) -> String {
    var lines: [String] = []
    for name in Set(entries.keys).union(other.entries.keys).sorted() {
      guard let mine = entries[name], let theirs = other.entries[name] else {
        lines.append("\(name) is in one only")
        continue
      }
      if mine == theirs { continue }
      var what = "\(name):"
      if mine.bytes != theirs.bytes {
        let at = zip(mine.bytes, theirs.bytes).enumerated().first { $1.0 != $1.1 }?.offset
        what += " bytes differ at \(at ?? -1), sizes \(mine.bytes.count), \(theirs.bytes.count)"
      }
      if mine.runs != theirs.runs { what += " runs \(mine.runs), not \(theirs.runs)" }
      if (mine.mode, mine.firstName) != (theirs.mode, theirs.firstName) {
        what += " \(mine.mode) \(mine.firstName), not \(theirs.mode) \(theirs.firstName)"
      }
      if mine.modified != theirs.modified || mine.owner != theirs.owner { what += " attributes" }
      lines.append(what)
    }
    return lines.joined(separator: "\n")
  }
}
