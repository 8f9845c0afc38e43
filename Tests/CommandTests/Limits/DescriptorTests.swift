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

  /// Three streams, the source and the copy: as many as cp needs.
  @Test(arguments: [
    "a b", "d/a b", "a d/b", "-a d/a d/b", "-p \"$PWD/a\" d/b", "--remove-destination a old",
    "-f d/a old", "--fsync a b", "-l a b",
  ])
  func aFileNeedsTwoDescriptors(_ arguments: String) async throws {
    try await withDirectory(on: .xfs) { directory in
      let names = try await shell(
        """
        mkdir d; echo new > a; echo new > d/a; echo before > old
        cat > few.py <<'EOF'
        import os, resource, sys
        resource.setrlimit(resource.RLIMIT_NOFILE, (5, 5))
        os.closerange(3, 1000)
        os.execv(sys.argv[1], sys.argv[1:])
        EOF
        python3 few.py '\(BuiltCommand.path)' \(arguments)
        grep -l new b d/b old 2>/dev/null; ls -A . d | grep reflink || true
        """, in: directory.path)
      #expect(names.split(separator: "\n").count == 1, "\(names)")
    }
  }

  /// Nor is anything lost where that is not enough.
  @Test(arguments: ["-b a old", "--atomic a old", "a d"])
  func whereTheyDoNotSufficeWhatWasThereStays(_ arguments: String) async throws {
    try await withDirectory(on: .xfs) { directory in
      let found = try await shell(
        """
        mkdir d; echo new > a; echo before > old
        (ulimit -n 4; exec '\(BuiltCommand.path)' \(arguments)) 2>errors && exit 1
        cat old; ls -A . d | grep reflink; grep -c 'Too many open files' errors
        """, in: directory.path)
      #expect(found == "before\n1\n")
    }
  }

  /// What is in a directory is found by its descriptor alone.
  @Test(arguments: ["-a s t", "--snapshot s t"])
  func aTreeThatHasTooFewSaysSo(_ arguments: String) async throws {
    try await withDirectory(on: .xfs) { directory in
      let found = try await shell(
        """
        mkdir -p s/a/b/c/d/e/f; echo x > s/a/b/c/d/e/f/g
        for n in 5 6 7 8 9 10; do
          (ulimit -n $n; exec '\(BuiltCommand.path)' -j1 \(arguments)) 2>>errors && diff -r s t; rm -rf t
        done
        grep -v 'Too many open files' errors
        # What could not be removed without a descriptor is told.
        for n in .reflink-*; do [ ! -e "$n" ] || grep -qF "left behind: '$n'" errors || echo "$n"; done
        """, in: directory.path)
      #expect(found == "")
    }
  }
}
