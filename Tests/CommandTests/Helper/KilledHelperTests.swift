import Foundation
import TestSupport
import Testing

/// A helper that does not come to its end.
@Suite(.onFileSystems, .timeLimit(.minutes(20)), .serialized) struct KilledHelperTests {
  @Test func aHelperThatIsKilledFromOutsideIsDoneWithout() async throws {
    try await withDirectory(on: .xfs) { directory in
      try directory.makeFragmented("a", extents: 12_000)
      let found = try await shell(
        """
        killed=0; wrong=0
        for i in {1..6}; do
          rm -f b; '\(BuiltCommand.path)' a b 2>> errors & p=$!; c=
          while [ -z "$c" ] && [ -e /proc/$p/exe ]; do
            c=$(cat /proc/$p/task/*/children 2>/dev/null); done
          [ -n "$c" ] && kill -9 $c 2>/dev/null && killed=1
          wait $p || wrong=$((wrong + 1)); cmp a b || wrong=$((wrong + 1))
        done
        echo $killed $wrong; cat errors
        """, in: directory.path)
      #expect(found == "1 0\n")
    }
  }

  /// Where a process has unshared that, its first child is the namespace's first.
  @Test func aNewProcessNamespaceIsNoObstacle() async throws {
    try await withDirectory(on: .xfs) { directory in
      try directory.makeFragmented("a", extents: 4000)
      let result = try await directory.cp(
        ["--pid", BuiltCommand.path, "a", "b"], executable: "/usr/bin/unshare")
      #expect(result.errors == "")
      #expect(result.status == 0)
      #expect(try directory.read("b") == directory.read("a"))
    }
  }

  private func looks(_ trace: ArraySlice<String>) -> Int {
    var count = 0
    for line in trace where line.contains(" statx(") { count += 1 }
    return count
  }

  /// What it clones from and into is open as long as it may work with it.
  @Test func itEndsBeforeItsFilesAreClosed() async throws {
    try await withDirectory(on: .xfs) { directory in
      try directory.makeFragmented("a", extents: 30_000)
      let calls =
        "trace=statx,fstat,newfstatat,kill,pidfd_send_signal,close,clone,clone3,ioctl,openat"
      let plain = try await directory.tracedCp(["-e", calls], ["a", "b"]).trace
      // The helper starts, and its destination is looked at.
      let parent = try #require(plain.first?.split(separator: " ").first)
      let own = plain.filter { $0.hasPrefix("\(parent) ") }
      let start = try #require(own.firstIndex { $0.contains("CLONE_PIDFD") })
      let before = looks(own.prefix(start))
      try #require(looks(own[...]) > before)
      try await shell("rm b", in: directory.path)
      let (result, trace) = try await directory.tracedCp(
        ["-e", calls, "-e", "inject=statx:error=EIO:when=\(before + 1)"], ["a", "b"])
      if result.status == 0 {
        #expect(try directory.read("b") == directory.read("a"))
        return
      }
      let failure = try #require(trace.firstIndex { $0.contains("(INJECTED)") })
      let rest = trace[failure...]
      let killed = try #require(
        rest.firstIndex { $0.contains(" kill(") || $0.contains(" pidfd_send_signal(") })
      let closed = try #require(rest.firstIndex { $0.contains(" close(") })
      #expect(killed < closed)
    }
  }
}
