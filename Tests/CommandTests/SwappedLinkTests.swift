import Foundation
import Synchronization
import TestSupport
import Testing

/// Somebody puts a symbolic link in the place of a directory while a tree is copied.
@Suite(.onFileSystems, .serialized, .timeLimit(.minutes(20))) struct SwappedLinkTests {
  /// Renames the directory away and the link into its place, and back, until stopped.
  private final class Swapper: Sendable {
    private let stopped = Atomic<Bool>(false)
    private let ended = DispatchSemaphore(value: 0)
    let swaps = Atomic<Int>(0)

    init(_ directory: String, _ link: String) {
      Thread.detachNewThread { [self] in
        while !stopped.load(ordering: .relaxed) {
          rename(directory, directory + ".away")
          rename(link, directory)
          rename(directory, link)
          rename(directory + ".away", directory)
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
    try await withDirectory(on: system) { directory in
      try await shell(
        """
        mkdir -p outside trap s/a s/d s/z t/s/d; echo x > outside/secret
        for i in $(seq 50); do echo $i > s/a/$i; echo $i > s/d/$i; echo $i > s/z/$i; done
        ln -s ../outside s/link; ln -s ../../trap t/s/link
        """, in: directory.path)
      let source = Swapper(directory["s/d"], directory["s/link"])
      let destination = Swapper(directory["t/s/d"], directory["t/s/link"])
      for _ in 0..<40 { _ = try await directory.cp(option, "s", "t") }
      source.stop()
      destination.stop()
      #expect(source.swaps.load(ordering: .relaxed) > 40)
      #expect(destination.swaps.load(ordering: .relaxed) > 40)
      // Not read from outside the source, not written outside the destination.
      let found = try await shell("find . -name secret; ls trap", in: directory.path)
      #expect(found == "./outside/secret\n")
      // And what nobody swapped is there.
      #expect(try await shell("ls t/s/a t/s/z | wc -l", in: directory.path) == "103\n")
    }
  }
}
