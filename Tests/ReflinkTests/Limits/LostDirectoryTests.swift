import Foundation
import Reflink
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// A part of a tree is moved away while the copy is deep inside it, with few descriptors.
@Suite(.onFileSystems, .timeLimit(.minutes(4)), .serialized) struct LostDirectoryTests {
  private static let depth = 150
  private static let movedLevel = 50

  /// What is beside the way, at every level: enough for some to be read on the way back.
  private static let files = 300

  @Test(arguments: [false, true])
  func allThatWasLostIsTold(_ isAsync: Bool) async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell(
        """
        mkdir elsewhere s; cd s; for i in $(seq \(Self.depth)); do
          mkdir -m 755 n; touch f{1..\(Self.files)}; cd n; done
        """, in: directory.path)
      await #expect(processExitsWith: .success) {
        [directory = directory as TestDirectory, isAsync = isAsync as Bool] in
        limitThisProcess()
        var limit = rlimit(rlim_cur: 64, rlim_max: 64)
        #expect(setrlimit(__rlimit_resource_t(7), &limit) == 0)  // RLIMIT_NOFILE
        func level(_ depth: Int, of tree: String) -> String {
          directory.path + "/" + tree + String(repeating: "/n", count: depth)
        }
        let deepest = level(Self.depth, of: "s")
        let moved = level(Self.movedLevel, of: "s")
        let wasMoved = Flag()
        let listener: EntryListener = { _, source, _ in
          if source.string == deepest, rename(moved, directory["elsewhere/n"]) == 0 {
            wasMoved.set()
          }
        }
        let outcome =
          isAsync
          ? try await copyTree(
            directory.file("s"), to: directory.file("t"), onFailure: .collect, listener: listener)
          : try syncCopyTree(
            directory.file("s"), directory.file("t"), onFailure: .collect, listener: listener)
        #expect(wasMoved.isSet)
        #expect(outcome.failures > 0)
        let told = Set(outcome.errors.map(\.source.string))
        // Complete, or told.
        let silent = (0..<Self.depth).filter { depth in
          let names = try? FileManager.default.contentsOfDirectory(atPath: level(depth, of: "t"))
          let mode =
            (try? directory.status("t" + String(repeating: "/n", count: depth)).st_mode) ?? 0
          let isComplete = names?.count == Self.files + 1 && mode & 0o777 == 0o755
          return !isComplete && !told.contains(level(depth, of: "s"))
        }
        #expect(silent == [])
      }
    }
  }
}
