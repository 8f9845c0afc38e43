import CReflink
import Foundation
import Synchronization
import SystemPackage
import Testing

/// An empty directory on a file system, for one test, also in a process that it starts.
public struct TestDirectory: Sendable, Codable {
  public let path: String
  public let system: TestFileSystem

  public init(path: String, system: TestFileSystem) {
    self.path = path
    self.system = system
  }

  public subscript(_ name: String) -> String { "\(path)/\(name)" }

  public func file(_ name: String) -> FilePath { FilePath(self[name]) }
}

/// Gives a test a directory, and takes it away again. `subdirectory` is one that the
/// file system was made with, such as a subvolume.
@discardableResult
public func withDirectory<Value>(
  on system: TestFileSystem, in subdirectory: String = "",
  _ body: (TestDirectory) async throws -> Value
) async throws -> Value {
  try #require(Mounts.areAvailable, "the file systems are required")
  try await Mounts.prepare()
  let turns = Turns.of[system]
  await turns?.take()
  defer { turns?.give() }
  let parent = subdirectory.isEmpty ? system.root : "\(system.root)/\(subdirectory)"
  let path = "\(parent)/test-\(UInt64.random(in: .min ... .max))"
  try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
  chmod(path, 0o755)
  do {
    let value = try await body(TestDirectory(path: path, system: system))
    try await remove(path)
    return value
  } catch {
    try await remove(path)
    throw error
  }
}

private func remove(_ path: String) async throws {
  // FUSE closes a file a moment after close(2), and keeps what is removed before under another name.
  try await shell(
    """
    chattr -R -f -ia '\(path)' 2>/dev/null
    for attempt in {1..100}; do rm -rf --one-file-system '\(path)' 2>/dev/null && exit; sleep 0.1; done
    rm -rf --one-file-system '\(path)'
    """)
}

// MARK: - Files

extension TestDirectory {
  /// Random bytes, different at every place, so that data in a wrong place shows.
  public func fill(_ name: String, _ size: Int) throws {
    try write(name, randomBytes(size))
  }

  public func write(_ name: String, _ bytes: [UInt8]) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: self[name]))
  }

  public func read(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: self[name])))
  }

  public func exists(_ name: String) -> Bool {
    var status = stat()
    return lstat(self[name], &status) == 0
  }

  /// The names in it, or in a directory inside. What FUSE keeps of a file that was removed while it
  /// was open, for a moment after close(2), is not there for whoever removed it.
  public func names(in subdirectory: String = ".") throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: self[subdirectory])
      .filter { !$0.hasPrefix(".fuse_hidden") }.sorted()
  }

  /// The names once what is being taken away is gone: those that are expected, or what is there
  /// after ten seconds.
  public func settledNames(_ expected: [String]) async throws -> [String] {
    for _ in 0..<500 where try names() != expected {
      try await Task.sleep(for: .milliseconds(20))
    }
    return try names()
  }

  /// The descriptors that stay open: a worker that has told the end may still let go.
  public func settledDescriptors() async throws -> Int {
    for _ in 0..<500 where try openDescriptors() > 0 {
      try await Task.sleep(for: .milliseconds(20))
    }
    return try openDescriptors()
  }

  /// How many descriptors of this process are open in the directory.
  public func openDescriptors() throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").filter {
      let target = try? FileManager.default.destinationOfSymbolicLink(
        atPath: "/proc/self/fd/\($0)")
      return target?.hasPrefix(path) ?? false
    }.count
  }

  public func status(_ name: String) throws -> stat {
    var status = stat()
    guard lstat(self[name], &status) == 0 else { throw Errno(rawValue: errno) }
    return status
  }

  /// Bytes that storage holds for the file.
  public func allocated(_ name: String) throws -> Int {
    _ = try extents(name)  // writes out what is only in memory
    return Int(try status(name).st_blocks) * 512
  }

  /// Bytes that the file's data takes. XFS reserves more for a while, and more of it the busier the machine
  /// is: there what can be read as data counts.
  public func occupied(_ name: String) throws -> Int {
    switch system {
    case .xfs, .xfsSmallBlocks, .xfsWithoutReflink, .quietXfs, .overlay, .fuse: break
    default: return try allocated(name)
    }
    let file = try FileDescriptor.open(FilePath(self[name]), .readOnly)
    defer { try? file.close() }
    fsync(file.rawValue)
    var (bytes, offset) = (0, Int64(0))
    while true {
      let data = creflink_seek_data(file.rawValue, offset)
      guard data >= 0 else { return bytes }
      offset = creflink_seek_hole(file.rawValue, data)
      bytes += Int(offset - data)
    }
  }

  /// A file with data at the given offsets and holes between and after.
  public func makeSparse(_ name: String, size: Int, data: [(at: Int, count: Int)]) throws {
    let file = try FileDescriptor.open(
      FilePath(self[name]), .readWrite, options: [.create, .truncate], permissions: .ownerReadWrite)
    defer { try? file.close() }
    for (offset, count) in data {
      _ = try file.writeAll(toAbsoluteOffset: Int64(offset), randomBytes(count))
    }
    ftruncate(file.rawValue, size)
    fsync(file.rawValue)
  }

  /// A file of many extents: every other block is a hole.
  public func makeFragmented(_ name: String, extents: Int) throws {
    try makeSparse(
      name, size: extents * 8192, data: (0..<extents).map { (at: $0 * 8192, count: 4096) })
  }

  public func overwrite(_ name: String, at offset: Int, _ bytes: [UInt8]) throws {
    let file = try FileDescriptor.open(FilePath(self[name]), .writeOnly)
    defer { try? file.close() }
    _ = try file.writeAll(toAbsoluteOffset: Int64(offset), bytes)
    fsync(file.rawValue)
  }
}

/// fallocate(2) with FALLOC_FL_PUNCH_HOLE.
public func punchHole(_ file: FileDescriptor, _ range: Range<Int>) -> Bool {
  creflink_punch_hole(file.rawValue, Int64(range.lowerBound), Int64(range.count)) == 0
}

public func randomBytes(_ count: Int) -> [UInt8] {
  let source = open("/dev/urandom", O_RDONLY)
  defer { close(source) }
  return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
    while filled < count {
      let got = Glibc.read(source, buffer.baseAddress.map { $0 + filled }, count - filled)
      precondition(got > 0, "/dev/urandom always has more")
      filled += got
    }
  }
}

extension FileDescriptor {
  fileprivate func writeAll(toAbsoluteOffset offset: Int64, _ bytes: [UInt8]) throws -> Int {
    try writeAll(bytes, at: offset)
  }

  private func writeAll(_ bytes: [UInt8], at offset: Int64) throws -> Int {
    var done = 0
    while done < bytes.count {
      done += try bytes[done...].withUnsafeBytes {
        try write(toAbsoluteOffset: offset + Int64(done), $0)
      }
    }
    return done
  }
}

/// Lets one test at a time have a file system.
final class Turns: Sendable {
  /// Those where one test's space would be missing in another's account.
  static let of = Dictionary(
    uniqueKeysWithValues: TestFileSystem.measured.map { ($0, Turns()) })

  private let state = Mutex<(taken: Bool, waiting: [CheckedContinuation<Void, Never>])>((false, []))

  func take() async {
    await withCheckedContinuation { continuation in
      let isFree = state.withLock { state in
        if state.taken {
          state.waiting.append(continuation)
          return false
        }
        state.taken = true
        return true
      }
      if isFree { continuation.resume() }
    }
  }

  func give() {
    let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
      if state.waiting.isEmpty {
        state.taken = false
        return nil
      }
      return state.waiting.removeFirst()
    }
    next?.resume()
  }
}
