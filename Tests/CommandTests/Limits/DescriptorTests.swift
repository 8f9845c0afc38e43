import Foundation
import TestSupport
import Testing

/// Few descriptors.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct DescriptorTests {
  @Test(arguments: TestFileSystem.main, ["-a", "-a --atomic", "-r"])
  func aTreeIsCopiedWithWhatThereIs(_ system: TestFileSystem, _ options: String) async throws {
    try await withDirectory(on: system) { directory in
      let found = try await shell(
        """
        for i in $(seq 30); do mkdir -p s/$i/a/b/c/d; for f in 1 2 3 4 5; do echo $f > s/$i/a/$f; done; done
        for n in 16 18 20 24; do
          (ulimit -n $n; exec '\(BuiltCommand.path)' \(options) -j4 s t$n) && diff -r s t$n && rm -r t$n
        done 2>&1; ls -A
        """, in: directory.path)
      #expect(found == "s\n")
    }
  }
}
