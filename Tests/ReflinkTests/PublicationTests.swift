import Foundation
import Reflink
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// How a new file comes by its name.
@Suite(.onFileSystems, .timeLimit(.minutes(8))) struct PublicationTests {
  @Test(arguments: TestFileSystem.all, [Publication.inPlace, .unnamed, .temporary])
  func theCopyIsTheSame(_ system: TestFileSystem, _ publication: Publication) async throws {
    try await withFolder(on: system) { folder in
      try folder.fill("a", 50_000)
      try await shell("chmod 640 a; setfattr -n user.x -v y a || true", in: folder.path)
      let options = CopyOptions(publication: publication)
      _ = try syncCopy(folder.file("a"), folder.file("b"), options)
      #expect(try folder.read("a") == folder.read("b"))
      #expect(try folder.status("b").st_mode == folder.status("a").st_mode)
      #expect(try folder.status("b").st_mtim.tv_nsec == folder.status("a").st_mtim.tv_nsec)
      #expect(try folder.names() == ["a", "b"])
    }
  }

  @Test(arguments: [Publication.unnamed, .temporary])
  func aTakenNameFailsOrIsReplacedWhole(_ publication: Publication) async throws {
    try await withFolder(on: .xfs) { folder in
      try folder.fill("a", 50_000)
      try folder.fill("b", 60_000)
      try await shell("ln b other", in: folder.path)
      let before = try folder.read("b")
      let options = CopyOptions(publication: publication)
      let error = failure { try syncCopy(folder.file("a"), folder.file("b"), options) }
      #expect(error?.code == .exists)
      #expect(try folder.read("b") == before)

      _ = try syncCopy(folder.file("a"), folder.file("b"), options, .replace)
      #expect(try folder.read("b") == folder.read("a"))
      // Another file took the name: what the old one's other name shows is unchanged.
      #expect(try folder.read("other") == before)
      #expect(try folder.names() == ["a", "b", "other"])
    }
  }

  @Test(arguments: [Publication.unnamed, .temporary])
  func theNameAppearsOnlyWhenTheFileIsComplete(_ publication: Publication) async throws {
    try await withFolder(on: .ext4) { folder in
      try folder.fill("a", 64 << 20)
      let options = CopyOptions(cloning: .never, publication: publication)
      let sizes = Mutex<Set<Int>>([])
      try whileWatched {
        let status = try? folder.status("b")
        sizes.withLock { _ = $0.insert(Int(status?.st_size ?? -1)) }
      } _: {
        _ = try syncCopy(folder.file("a"), folder.file("b"), options)
      }
      // Not there, or all there.
      let seen = sizes.withLock { $0 }
      #expect(seen.isSubset(of: [-1, 64 << 20]), "\(seen)")
      #expect(seen.contains(-1))
    }
  }

  @Test(arguments: [Publication.inPlace, .unnamed, .temporary], [PartialFileRule.remove, .keep])
  func aFileThatIsReplacedIsNotLostToAFailure(
    _ publication: Publication, _ partial: PartialFileRule
  ) async throws {
    try await withFolder(on: .xfs) { source in
      try await withFolder(on: .smallExt4) { folder in
        try source.fill("a", 40 << 20)
        try folder.fill("b", 1000)
        let before = try folder.read("b")
        let options = CopyOptions(publication: publication, partialFiles: partial)
        let error = failure { try syncCopy(source.file("a"), folder.file("b"), options, .replace) }
        #expect(error?.code == .noSpace)
        #expect(try folder.read("b") == before)
        #expect(try folder.names() == ["b"])
      }
    }
  }

  @Test(arguments: [Publication.inPlace, .unnamed, .temporary])
  func aFailedCopyLeavesNothing(_ publication: Publication) async throws {
    try await withFolder(on: .xfs) { source in
      try await withFolder(on: .smallExt4) { folder in
        try source.fill("a", 40 << 20)
        let options = CopyOptions(publication: publication)
        let error = failure { try syncCopy(source.file("a"), folder.file("b"), options) }
        #expect(error?.code == .noSpace)
        #expect(try folder.names() == [])
      }
    }
  }
}
