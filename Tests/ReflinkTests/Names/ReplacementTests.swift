import Foundation
import Reflink
import SystemPackage
import TestSupport
import Testing

/// What is to be replaced stays until there is something in its place.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct ReplacementTests {
  /// mknod(2) says that a name is taken before it looks at the caller's rights.
  @Test(arguments: TestFileSystem.main, [false, true])
  func aFileOutlivesANodeThatItsOwnerMayNotMake(_ system: TestFileSystem, _ updates: Bool)
    async throws
  {
    try await withDirectory(on: system) { directory in
      try await shell(
        """
        mkdir s t; mknod s/node c 1 3; echo precious > t/node; touch -d 2001-01-01 t/node
        chown -R 65534:65534 t; chmod 755 s t
        """, in: directory.path)
      for isTree in [false, true] {
        // A process of its own: threads that a user's thread starts have the user's rights.
        await #expect(processExitsWith: .success) {
          [
            directory = directory as TestDirectory, updates = updates as Bool,
            isTree = isTree as Bool
          ]
          in
          limitThisProcess()
          let rule = updates ? ExistingRule.replaceIfNewer : .replace
          let options = CopyOptions(preserving: .nothing)
          let error = await asUser(65534) {
            failure {
              if isTree {
                try syncCopyTree(directory.file("s"), directory.file("t"), options, rule)
              } else {
                try syncCopy(directory.file("s/node"), directory.file("t/node"), options, rule)
              }
            }
          }
          #expect(error?.errno == .notPermitted)
        }
        #expect((try? directory.read("t/node")) == Array("precious\n".utf8))
        #expect(try await shell("ls -A t", in: directory.path) == "node\n")
        try await shell(
          "echo precious > t/node; touch -d 2001-01-01 t/node; chown 65534 t/node",
          in: directory.path)
      }
    }
  }

  /// And what can be made takes the place of what was there, leaving nothing else.
  @Test(arguments: [TestFileSystem.xfs, .btrfs, .ext4, .tmpfs, .fuse])
  func linksAndNodesReplaceWhatIsThere(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try await shell(
        """
        mkdir s t; mkfifo s/fifo; ln -s target s/link; echo data > s/a; ln s/a s/b
        for f in fifo link a b; do echo old > t/$f; done; ln t/b kept
        """, in: directory.path)
      for _ in 0..<2 {
        _ = try await copyTree(directory.file("s"), to: directory.file("t"), ifExists: .replace)
        let found = try await shell(
          "ls -A -I '.fuse_hidden*' t; [ -p t/fifo ]; readlink t/link; [ t/a -ef t/b ]; cat t/b kept",
          in: directory.path)
        #expect(found == "a\nb\nfifo\nlink\ntarget\ndata\nold\n")
      }
    }
  }
}
