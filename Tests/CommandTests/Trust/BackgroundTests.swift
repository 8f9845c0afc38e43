import Foundation
import TestSupport
import Testing

/// `--background` and `--limit-rate`.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct BackgroundTests {
  /// No faster; how much slower depends on the machine.
  @Test(arguments: TestFileSystem.main, ["-j1", "-j3"])
  func allThreadsTogetherKeepTheRate(_ system: TestFileSystem, _ jobs: String) async throws {
    try await withDirectory(on: system) { directory in
      try await shell(
        "mkdir s; for i in 1 2 3 4; do head -c 500000 /dev/urandom > s/$i; done",
        in: directory.path)
      let begun = ContinuousClock.now
      let result = try await directory.cp(
        "-r", "--reflink=never", jobs, "--limit-rate=1M", "s", "t")
      #expect(result.status == 0)
      // The last piece is not waited for.
      #expect(ContinuousClock.now - begun > .milliseconds(1750))
      #expect(try await shell("diff -r s t", in: directory.path) == "")
    }
  }

  @Test(arguments: [
    "0", "-1", "1T", "x", "", "1.5M", "99999999999999999999", "9223372036854775807K",
  ])
  func aRateIsAPositiveNumber(_ rate: String) async throws {
    try await withDirectory(on: .xfs) { directory in
      try directory.fill("a", 10)
      let result = try await directory.cp("--limit-rate=\(rate)", "a", "b")
      #expect(result.status == 1)
      #expect(result.errors.hasPrefix("cp: invalid rate: '\(rate)'\n"))
    }
  }

  @Test(arguments: TestFileSystem.main)
  func allThreadsStandBack(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      let found = try await shell(
        """
        mkdir s; for i in $(seq 300); do head -c 100000 /dev/urandom > s/$i; done
        '\(BuiltCommand.path)' -r --background --limit-rate=10M --reflink=never -j3 s t & p=$!
        until [ $(ls /proc/$p/task | wc -l) -ge 2 ]; do sleep 0.02; done
        for t in /proc/$p/task/*; do
          chrt -p ${t##*/} | head -1 | sed 's/.*: //'; ionice -p ${t##*/}; done | sort -u
        wait $p; diff -r s t
        """, in: directory.path)
      #expect(found == "SCHED_IDLE\nidle\n")
    }
  }

  @Test(arguments: [TestFileSystem.xfs, .btrfs, .ext4])
  func thePageCacheStaysAsItWas(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      let script = """
        import ctypes, mmap, os, sys, subprocess
        size = 64 << 20
        with open("a", "wb") as file: file.write(os.urandom(size)); os.fsync(file.fileno())
        def drop(name):
            file = os.open(name, os.O_RDONLY)
            os.fsync(file); os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED); os.close(file)
        libc = ctypes.CDLL(None, use_errno=True)
        def pages(name):
            file = os.open(name, os.O_RDWR)
            mapped = mmap.mmap(file, size)
            found = (ctypes.c_ubyte * (size // 4096))()
            start = ctypes.addressof(ctypes.c_char.from_buffer(mapped))
            assert libc.mincore(ctypes.c_void_p(start), ctypes.c_size_t(size), found) == 0
            return sum(page & 1 for page in found)
        def resident(): return 4096 * (pages("a") + pages("b"))
        drop("a")
        subprocess.check_call([sys.argv[1], "--background", "--reflink=never", "a", "b"])
        file = os.open("b", os.O_RDONLY); os.fsync(file)
        assert open("a", "rb").read(100) == open("b", "rb").read(100)
        print("clean" if resident() <= 16 << 20 else resident())
        """
      try directory.write("measure.py", Array(script.utf8))
      let found = try await shell(
        "python3 measure.py '\(BuiltCommand.path)'; cmp a b", in: directory.path)
      #expect(found == "clean\n")
    }
  }
}
