import Foundation
import Reflink
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// How a new file comes by its name.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct PublicationTests {
  @Test(arguments: TestFileSystem.all, [CopyOptions.Publication.inPlace, .unnamed, .temporary])
  func theCopyIsTheSame(_ system: TestFileSystem, _ publication: CopyOptions.Publication)
    async throws
  {
    try await withDirectory(on: system) { directory in
      try directory.fill("a", 50_000)
      try await shell("chmod 640 a; setfattr -n user.x -v y a || true", in: directory.path)
      let options = CopyOptions(publication: publication)
      _ = try syncCopy(directory.file("a"), directory.file("b"), options)
      #expect(try directory.read("a") == directory.read("b"))
      #expect(try directory.status("b").st_mode == directory.status("a").st_mode)
      #expect(try directory.status("b").st_mtim.tv_nsec == directory.status("a").st_mtim.tv_nsec)
      #expect(try directory.names() == ["a", "b"])
    }
  }

  @Test(arguments: [CopyOptions.Publication.unnamed, .temporary])
  func aTakenNameFailsOrIsReplacedWhole(_ publication: CopyOptions.Publication) async throws {
    try await withDirectory(on: .xfs) { directory in
      try directory.fill("a", 50_000)
      try directory.fill("b", 60_000)
      try await shell("ln b other", in: directory.path)
      let before = try directory.read("b")
      let options = CopyOptions(publication: publication)
      let error = failure { try syncCopy(directory.file("a"), directory.file("b"), options) }
      #expect(error?.code == .exists)
      #expect(try directory.read("b") == before)

      _ = try syncCopy(directory.file("a"), directory.file("b"), options, .replace)
      #expect(try directory.read("b") == directory.read("a"))
      // Another file took the name: what the old one's other name shows is unchanged.
      #expect(try directory.read("other") == before)
      #expect(try directory.names() == ["a", "b", "other"])
    }
  }

  @Test(arguments: [CopyOptions.Publication.unnamed, .temporary])
  func theNameAppearsOnlyWhenTheFileIsComplete(_ publication: CopyOptions.Publication) async throws
  {
    try await withDirectory(on: .ext4) { directory in
      try directory.fill("a", 64 << 20)
      let options = CopyOptions(cloning: .never, publication: publication)
      let sizes = Mutex<Set<Int>>([])
      try whileWatched {
        let status = try? directory.status("b")
        sizes.withLock { _ = $0.insert(Int(status?.st_size ?? -1)) }
      } _: {
        _ = try syncCopy(directory.file("a"), directory.file("b"), options)
      }
      // Not there, or all there.
      let seen = sizes.withLock { $0 }
      #expect(seen.isSubset(of: [-1, 64 << 20]), "\(seen)")
      #expect(seen.contains(-1))
    }
  }

  @Test(
    arguments: [CopyOptions.Publication.inPlace, .unnamed, .temporary],
    [CopyOptions.PartialFiles.remove, .keep])
  func aFileThatIsReplacedIsNotLostToAFailure(
    _ publication: CopyOptions.Publication, _ partial: CopyOptions.PartialFiles
  ) async throws {
    try await withDirectory(on: .xfs) { source in
      try await withDirectory(on: .smallExt4) { directory in
        try source.fill("a", 40 << 20)
        try directory.fill("b", 1000)
        let before = try directory.read("b")
        let options = CopyOptions(publication: publication, partialFiles: partial)
        let error = failure {
          try syncCopy(source.file("a"), directory.file("b"), options, .replace)
        }
        #expect(error?.code == .noSpace)
        #expect(try directory.read("b") == before)
        #expect(try directory.names() == ["b"])
      }
    }
  }

  @Test(arguments: [CopyOptions.Publication.inPlace, .unnamed, .temporary])
  func aFailedCopyLeavesNothing(_ publication: CopyOptions.Publication) async throws {
    try await withDirectory(on: .xfs) { source in
      try await withDirectory(on: .smallExt4) { directory in
        try source.fill("a", 40 << 20)
        let options = CopyOptions(publication: publication)
        let error = failure { try syncCopy(source.file("a"), directory.file("b"), options) }
        #expect(error?.code == .noSpace)
        #expect(try directory.names() == [])
      }
    }
  }

  /// As a copy in place leaves it, but complete or not at all.
  @Test(arguments: TestFileSystem.main, [CopyOptions.Publication.unnamed, .temporary])
  func aReplacedFileCanKeepItsAttributes(
    _ system: TestFileSystem, _ publication: CopyOptions.Publication
  ) async throws {
    try await withDirectory(on: system) { directory in
      try await shell(
        "echo new > a; echo old > b; chmod 604 b; chown 7:8 b; ln -s b l", in: directory.path)
      let options = CopyOptions(
        preserving: .nothing, publication: publication, replacedAttributes: .kept)
      _ = try await copyFile(
        directory.file("a"), to: directory.file("l"), options: options, ifExists: .replace)
      #expect(
        try await shell("cat b; stat -c '%a %u %g' b; readlink l; ls -A", in: directory.path)
          == "new\n604 7 8\nb\na\nb\nl\n")
    }
  }
}
