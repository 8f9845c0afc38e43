import TestSupport
import Testing

/// Kernels and sandboxes without the newer system calls: an older one does the same. The oldest
/// kernel that is provided for is the README's.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct MissingCallsTests {
  private static let calls = [
    "statx", "renameat2", "copy_file_range",
    "faccessat2,openat2,preadv2,pwritev2,clone3,pidfd_send_signal",
  ]

  /// strace(1) answers in the kernel's place.
  private func without(_ calls: String, _ errno: String, _ command: String) -> String {
    "strace -f -qq -o /dev/null -e inject=\(calls):error=\(errno) \(command)"
  }

  @Test(arguments: calls + [calls.joined(separator: ",")], ["ENOSYS", "EPERM"])
  func anOlderCallDoesTheSame(_ calls: String, _ errno: String) async throws {
    try await copiesAll(without(calls, errno, "'\(BuiltCommand.path)'"), "\(calls), \(errno)")
  }

  /// A sandbox refuses by itself, in the kernel, all of them at once.
  @Test(arguments: [38, 1])
  func aSeccompFilterRefusesThem(_ errno: Int) async throws {
    let filter = """
      import ctypes, os, platform, struct, sys
      calls = {"x86_64": [332, 316, 326, 327, 328, 435, 437, 439],
               "aarch64": [291, 276, 285, 286, 287, 435, 437, 439]}[platform.machine()]
      load, equal, answer = 0x20, 0x15, 0x06
      program = [(load, 0, 0, 0)]
      for call in calls: program += [(equal, 0, 1, call), (answer, 0, 0, 0x50000 | \(errno))]
      program += [(answer, 0, 0, 0x7fff0000)]
      code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in program))
      class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_void_p)]
      libc = ctypes.CDLL(None)
      libc.prctl(38, 1, 0, 0, 0)
      assert libc.prctl(22, 2, ctypes.byref(Program(len(program), ctypes.addressof(code)))) == 0
      os.execv(sys.argv[1], sys.argv[1:])
      """
    try await withDirectory(on: .xfs) { directory in
      try directory.write("filter.py", Array(filter.utf8))
      try await copiesAll(
        "python3 '\(directory["filter.py"])' '\(BuiltCommand.path)'", "seccomp, \(errno)")
    }
  }

  private func copiesAll(_ cp: String, _ how: Comment) async throws {
    try await withDirectory(on: .ext4) { directory in
      let answer = try await shell(
        """
        exec 2>&1
        mkdir -p s/d; echo 1 >s/f; ln s/f s/d/hard; ln -s f s/link; mkfifo s/p; mknod s/n c 1 3
        truncate -s 1M s/holes; echo 2 >>s/holes; chmod 4750 s/f; chown 12:34 s/f; chmod 620 s/p
        setfattr -n user.x -v y s/f; setfacl -m u:99:rw s/d; touch -h -d @1000000000 s/f s/link s/p
        \(cp) -a s t; echo $?
        for i in s t; do
          (cd $i; find . ! -type d -printf '%P %y %m %U:%G %T@ %n %l %b\\n' | sort; getfattr -Rd .
           getfacl -R .; find . -type f | sort | xargs cat) >$i.txt
        done
        cmp s.txt t.txt && echo same
        echo old >b; echo 3 >c; \(cp) --backup=t c b; echo $?; \(cp) --backup=t c b; echo $?
        cat b b.~1~ b.~2~; \(cp) --remove-destination s/holes b; echo $?; cmp s/holes b && echo same
        \(cp) -u c b; echo $?; \(cp) -rT s t; echo $?
        """, in: directory.path)
      #expect(answer == "0\nsame\n0\n0\n3\nold\n3\n0\nsame\n0\n0\n", how)
    }
  }

  @Test(arguments: ["ENOSYS", "EPERM", "ENOTTY", "ENOSPC"])
  func withoutCloningItIsCopied(_ errno: String) async throws {
    try await withDirectory(on: .xfs) { directory in
      let cp = without("ioctl", errno, "'\(BuiltCommand.path)'")
      let answer = try await shell(
        "exec 2>&1; echo 1 >a; \(cp) a b; echo $?; cmp a b && echo same", in: directory.path)
      #expect(answer == "0\nsame\n")
    }
  }

  /// XFS says ENOSPC of a moment.
  @Test func aMomentWithoutRoomIsWaitedFor() async throws {
    try await withDirectory(on: .xfs) { directory in
      try directory.fill("a", 1 << 20)
      let trace = "strace -f -qq -o /dev/null -e inject=ioctl:error=ENOSPC:when=1..3"
      let answer = try await shell(
        "exec 2>&1; \(trace) '\(BuiltCommand.path)' --reflink=always a b; echo $?",
        in: directory.path)
      #expect(answer == "0\n")
      #expect(try directory.sharedBytes("a", "b") == 1 << 20)
    }
  }
}
