import Foundation
import Synchronization
import TestSupport
import Testing

/// Somebody puts a symbolic link in the place of a folder while a tree is copied.
@Suite(.onFileSystems, .serialized, .timeLimit(.minutes(8))) struct SwappedLinkTests {
  /// Renames the folder away and the link into its place, and back, until stopped.
  private final class Swapper: Sendable {
    private let stopped = Atomic<Bool>(false)
    private let ended = DispatchSemaphore(value: 0)
    let swaps = Atomic<Int>(0)

    init(_ folder: String, _ link: String) {
      Thread.detachNewThread { [self] in
        while !stopped.load(ordering: .relaxed) {
          rename(folder, folder + ".away")
          rename(link, folder)
          rename(folder, link)
          rename(folder + ".away", folder)
          swaps.add(1, ordering: .relaxed)
          // Other tests want the processors too.
          usleep(50)
        }
        ended.signal()
      }
    }

    func stop() {
      stopped.store(true, ordering: .relaxed)
      ended.wait()
    }
  }

  @Test(arguments: [TestFileSystem.xfs, .btrfs, .ext4], ["-r", "-a"])
  func neverLeadsOutOfTheTree(_ system: TestFileSystem, _ option: String) async throws {
    try await withFolder(on: system) { folder in
      try await shell(
        """
        mkdir -p outside trap s/a s/d s/z t/s/d; echo x > outside/secret
        for i in $(seq 50); do echo $i > s/a/$i; echo $i > s/d/$i; echo $i > s/z/$i; done
        ln -s ../outside s/link; ln -s ../../trap t/s/link
        """, in: folder.path)
      let source = Swapper(folder["s/d"], folder["s/link"])
      let destination = Swapper(folder["t/s/d"], folder["t/s/link"])
      for _ in 0..<40 { _ = try await folder.cp(option, "s", "t") }
      source.stop()
      destination.stop()
      #expect(source.swaps.load(ordering: .relaxed) > 40)
      #expect(destination.swaps.load(ordering: .relaxed) > 40)
      // Not read from outside the source, not written outside the destination.
      let found = try await shell("find . -name secret; ls trap", in: folder.path)
      #expect(found == "./outside/secret\n")
      // And what nobody swapped is there.
      #expect(try await shell("ls t/s/a t/s/z | wc -l", in: folder.path) == "103\n")
    }
  }
}
