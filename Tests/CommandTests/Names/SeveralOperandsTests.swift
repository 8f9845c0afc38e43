import TestSupport
import Testing

/// What one command copies belongs together, however many operands it has.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct SeveralOperandsTests {
  /// The memory of hard links outlives the end of a tree, and of the threads that helped with it.
  @Test(arguments: [["s/d", "s/a"], ["s/a", "s/d"], ["s/d", "s/e"], ["s/d", "s/e", "s/a"]])
  func hardLinksBetweenThemAreKept(_ operands: [String]) async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell(
        """
        mkdir -p s/d s/e; echo a > s/a; ln s/a s/e/last
        for i in {1..40}; do mkdir s/d/$i; touch s/d/$i/{1..3}; done; ln s/a s/d/7/hard
        """, in: directory.path)
      for _ in 0..<20 {
        try await shell("rm -rf t; mkdir t", in: directory.path)
        let result = try await directory.cp(["-a"] + operands + ["t"])
        #expect(result.errors == "")
        let names = "find t -path '*/hard' -o -path t/a -o -path '*/last'"
        let files = try await shell(
          "\(names) | xargs stat -c '%i %h' | sort -u", in: directory.path)
        #expect(files.split(separator: "\n").count == 1)
        #expect(files.hasSuffix(" \(operands.count)\n"))
      }
    }
  }
}
