import Foundation
import Reflink
import SystemPackage
import TestSupport
import Testing

/// Copies of files that build on earlier ones: how they come about.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct BasisTests {
  /// Btrfs writes zeros to the last block of a file that grows.
  @Test(arguments: [TestFileSystem.btrfs, .btrfsCompressed, .xfs])
  func aHoleAtTheEndOfTheEarlierCopyStaysOne(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try directory.makeSparse("a", size: 50_000, data: [(at: 0, count: 8192)])
      _ = try await copyFile(directory.file("a"), to: directory.file("first"))
      // Without such a block in the source.
      for size in [49152, 90_000] { #expect(truncate(directory["a"], size) == 0) }
      let outcome = try await copyFile(
        directory.file("a"), to: directory.file("second"),
        basedOn: CopyBasis([directory.file("first")]))
      let update = try #require(outcome.update)
      #expect(update.punched == 0)
      #expect(update.written == 0)
      #expect(try directory.read("second") == directory.read("a"))
      #expect(try directory.allocated("second") == directory.allocated("a"))
    }
  }

  /// The clone of the source that makes a copy one of a moment is ended like any other.
  @Test(arguments: [false, true])
  func theCloneThatIsReadInsteadOfTheSourceCanBeCancelled(_ isBased: Bool) async throws {
    try await withDirectory(on: .xfs) { directory in
      try await withDirectory(on: .btrfs) { other in
        await #expect(processExitsWith: .success) {
          [
            directory = directory as TestDirectory, other = other as TestDirectory,
            isBased = isBased as Bool
          ] in
          limitThisProcess()
          let isMet = try await meetsUnderWay { factor in
            for name in try directory.names() { unlink(directory[name]) }
            for name in try other.names() { unlink(other[name]) }
            try directory.makeFragmented("a", extents: 30_000 * factor)
            var basis: CopyBasis?
            if isBased {
              _ = try await cloneFile(directory.file("a"), to: directory.file("snapshot"))
              _ = try await copyFile(directory.file("a"), to: other.file("first"))
              try directory.overwrite("a", at: 0, [1])
              basis = CopyBasis([other.file("first")], snapshot: directory.file("snapshot"))
            }
            let finished = Flag()
            let copying = Task.detached { [basis] in
              defer { finished.set() }
              return try await copyFile(
                directory.file("a"), to: other.file("b"),
                options: CopyOptions(sourceChanges: .refused), basedOn: basis)
            }
            // A helper of this process.
            try await onThread {
              while !finished.isSet, !hasChild() { usleep(500) }
              copying.cancel()
            }.value
            guard let error = await copying.failure else { return false }
            #expect(error.code == .cancelled)
            #expect(!other.exists("b"))
            #expect(try await directory.settledDescriptors() == 0)
            return error.bytesDone == 0
          }
          #expect(isMet)
        }
      }
    }
  }

  /// What is proven about the source itself where no file can be made beside it.
  @Test func aSourceInADirectoryThatTakesNoFilesIsComparedItself() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell("mkdir d", in: directory.path)
      try directory.fill("d/a", 1 << 20)
      _ = try await cloneFile(directory.file("d/a"), to: directory.file("snapshot"))
      try await Task.sleep(for: .milliseconds(20))
      _ = try await copyFile(directory.file("d/a"), to: directory.file("first"))
      try directory.overwrite("d/a", at: 4096, [1])
      try await shell("chattr +i d", in: directory.path)
      let outcome = try await copyFile(
        directory.file("d/a"), to: directory.file("b"),
        basedOn: CopyBasis([directory.file("first")], snapshot: directory.file("snapshot")))
      try await shell("chattr -i d", in: directory.path)
      let update = try #require(outcome.update)
      #expect(update.equalByProof > 900_000)
      #expect(update.read <= 65_536)
      #expect(try directory.read("b") == directory.read("d/a"))
    }
  }
}

/// Whether a thread of this process has a child.
private func hasChild() -> Bool {
  let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
  return threads.contains {
    let children = "/proc/self/task/\($0)/children"
    return (try? String(contentsOfFile: children, encoding: .utf8))?.isEmpty == false
  }
}
