import Foundation
import Reflink
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// A tree is made under another name, which somebody else takes over.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct StolenNameTests {
  /// Renames the tree away, and another directory into its place; once.
  private final class Thief: Sendable {
    let directory: TestDirectory
    let name = Mutex<String?>(nil)

    init(_ directory: TestDirectory) { self.directory = directory }

    func steal() {
      name.withLock { name in
        guard name == nil else { return }
        let names = try? FileManager.default.contentsOfDirectory(atPath: directory["p"])
        guard let found = names?.first(where: { $0.hasPrefix(".reflink-") }) else { return }
        rename(directory["p/\(found)"], directory["p/stolen"])
        rename(directory["p/data"], directory["p/\(found)"])
        name = found
      }
    }
  }

  private func copy(
    _ directory: TestDirectory, _ isAsync: Bool, _ symbolicLinks: CopyOptions.SymbolicLinks
  ) async -> (error: ReflinkError?, thief: Thief) {
    let thief = Thief(directory)
    let options = CopyOptions(symbolicLinks: symbolicLinks, publication: .temporary)
    let listener: EntryListener = { outcome, _, _ in
      if case .file = outcome { thief.steal() }
    }
    let task =
      isAsync
      ? Task.detached {
        try await copyTree(
          directory.file("s"), to: directory.file("p/t"), options: options, onEntry: listener)
      }
      : onThread {
        try syncCopyTree(
          directory.file("s"), directory.file("p/t"), options, listener: listener)
      }
    return (await task.failure, thief)
  }

  private func withTrees(_ body: (TestDirectory) async throws -> Void) async throws {
    // Here small directories are read in the order in which they were filled.
    try await withDirectory(on: .xfs) { directory in
      try await shell(
        """
        mkdir -p s/d/e p/data/sub; echo 1 > s/a; echo 2 > s/d/b; echo 3 > s/d/e/c
        echo precious > p/data/precious; echo precious > p/data/sub/precious
        ln -s nowhere s/zz
        """, in: directory.path)
      try await body(directory)
    }
  }

  @Test(arguments: [false, true])
  func whatTookItIsNotRemoved(_ isAsync: Bool) async throws {
    try await withTrees { directory in
      let (error, thief) = await copy(directory, isAsync, .follow)
      let name = try #require(thief.name.withLock { $0 })
      #expect(error?.code == .notFound)
      for file in ["precious", "sub/precious"] {
        #expect((try? directory.read("p/\(name)/\(file)")) == Array("precious\n".utf8))
      }
      // The copy is gone, or told.
      #expect(error?.leftover != nil || !directory.exists("p/stolen"))
    }
  }

  @Test(arguments: [false, true])
  func whatTookItIsNotPublished(_ isAsync: Bool) async throws {
    try await withTrees { directory in
      let (error, thief) = await copy(directory, isAsync, .copy)
      let name = try #require(thief.name.withLock { $0 })
      for file in ["precious", "sub/precious"] {
        #expect((try? directory.read("p/\(name)/\(file)")) == Array("precious\n".utf8))
      }
      if error == nil {
        #expect(try directory.read("p/t/d/e/c") == Array("3\n".utf8))
      } else {
        #expect(!directory.exists("p/t"))
        #expect(error?.leftover != nil || !directory.exists("p/stolen"))
      }
    }
  }
}
