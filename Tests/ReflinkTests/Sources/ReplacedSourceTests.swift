import Foundation
import Reflink
import SystemPackage
import TestSupport
import Testing

/// A source that is replaced by rename while it is copied: the copy is of one of the two files.
@Suite(.onFileSystems, .timeLimit(.minutes(20)), .serialized) struct ReplacedSourceTests {
  private static let copies = 3000
  private static let publicSize = 10
  private static let privateSize = 100_000

  /// Alternates a short file that all may read and a long one that its owner may read, at
  /// one name, until it is told to stop.
  private func replace(_ name: String, in directory: TestDirectory, until stopped: Flag) throws
    -> Task<Void, any Error>
  {
    try directory.write("public", Array(repeating: UInt8(ascii: "p"), count: Self.publicSize))
    try directory.write("private", Array(repeating: UInt8(ascii: "s"), count: Self.privateSize))
    chmod(directory["public"], 0o644)
    chmod(directory["private"], 0o600)
    link(directory["public"], directory[name])
    return onThread {
      let next = directory["next"]
      while !stopped.isSet {
        for other in ["private", "public"] {
          link(directory[other], next)
          rename(next, directory[name])
        }
      }
    }
  }

  @Test(arguments: [TestFileSystem.tmpfs, .ext4, .xfs], [false, true])
  func isOneOfTheTwo(_ system: TestFileSystem, _ isAsync: Bool) async throws {
    try await withDirectory(on: system) { directory in
      let stopped = Flag()
      let replacing = try replace("a", in: directory, until: stopped)
      var wrong: [String: Int] = [:]
      for _ in 0..<Self.copies {
        do {
          if isAsync {
            _ = try await copyFile(directory.file("a"), to: directory.file("b"))
          } else {
            try syncCopy(directory.file("a"), directory.file("b"))
          }
          let status = try directory.status("b")
          let bytes = try directory.read("b")
          switch (bytes.first, bytes.count, status.st_mode & 0o7777) {
          case (UInt8(ascii: "p"), Self.publicSize, 0o644): break
          case (UInt8(ascii: "s"), Self.privateSize, 0o600): break
          case (let first, let count, let mode):
            let kind = first == UInt8(ascii: "s") ? "private" : "public"
            wrong["\(kind), \(count) bytes, \(String(mode, radix: 8))", default: 0] += 1
          }
        } catch {
          wrong["\(error)", default: 0] += 1
        }
        unlink(directory["b"])
      }
      stopped.set()
      try await replacing.value
      #expect(wrong == [:])
    }
  }
}
