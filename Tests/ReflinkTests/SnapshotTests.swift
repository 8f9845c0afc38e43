import Foundation
import Reflink
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// The rules of the reflink(2) call, and snapshots of whole trees.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct SnapshotTests {
  private static let everything =
    "chown 1000:1001 a; chmod 2741 a; setfattr -n user.x -v y a; "
    + "setfacl -m u:99:r a; setcap cap_net_raw=p a; touch -d '2001-02-03 04:05:06.7' a"

  @Test(arguments: TestFileSystem.clonable)
  func keepsEverythingOrNothing(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try directory.fill("a", 100_000)
      try await shell(Self.everything, in: directory.path)
      let kept = try syncSnapshot(directory.file("a"), directory.file("b"))
      guard case .clones(let contents) = kept else {
        Issue.record("\(kept)")
        return
      }
      #expect(contents.files == 1)
      #expect(contents.cloned == 100_000)
      let script =
        "stat -c '%u:%g %a %y' $1; getfacl -c $1; getfattr -d -m - $1 | grep -v '^#'"
      try await shell("f() { \(script); }; diff <(f a) <(f b)", in: directory.path)
      #expect(try directory.sharedBytes("a", "b") == directory.dataBytes("a"))

      try syncSnapshot(directory.file("a"), directory.file("c"), .nothing)
      let status = try directory.status("c")
      #expect(status.st_uid == getuid())
      #expect(status.st_mode & 0o7777 == 0o741 & ~currentUmask())
      #expect(status.st_mtim.tv_sec > 1_000_000_000 + 86_400 * 365)
      #expect(try await shell("getfattr -d -m - c", in: directory.path).isEmpty)
      #expect(try directory.read("c") == directory.read("a"))
      // A write un-shares.
      try directory.overwrite("c", at: 0, randomBytes(4096))
      #expect(try directory.read("b") == directory.read("a"))
      #expect(try directory.names() == ["a", "b", "c"])
    }
  }

  @Test(arguments: TestFileSystem.clonable)
  func aTakenNameIsLeftAsItIs(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try await shell(
        "echo data > a; echo old > b; ln -s nowhere l; mkdir d t; echo x > t/x",
        in: directory.path)
      let before = try directory.names()
      for (source, name) in [
        ("a", "b"), ("a", "l"), ("a", "d"), ("a", "a"), ("t", "d"), ("t", "b"),
      ] {
        let error = failure { try syncSnapshot(directory.file(source), directory.file(name)) }
        #expect(error?.code == .exists, "\(source) \(name)")
      }
      #expect(try directory.names() == before)
      #expect(try String(decoding: directory.read("b"), as: UTF8.self) == "old\n")
    }
  }

  @Test func otherKindsAreRefusedWithEPERM() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell("mkfifo p; mknod c c 1 3; ln -s a l; echo data > a", in: directory.path)
      for name in ["p", "c", "l"] {
        let error = failure { try syncSnapshot(directory.file(name), directory.file("b")) }
        #expect(error?.code == .notSupported(.notRegular), "\(name)")
        #expect(error?.errno == .notPermitted)
      }
      #expect(try directory.names() == ["a", "c", "l", "p"])
    }
  }

  @Test func anotherFileSystemIsRefusedWithEXDEV() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await withDirectory(on: .btrfs) { other in
        try await shell(
          "echo data > a; mkdir -p t/d e; echo x > t/d/x; touch empty", in: directory.path)
        for name in ["a", "t", "e", "empty"] {
          let error = failure { try syncSnapshot(directory.file(name), other.file("b")) }
          #expect(error?.code == .crossDevice, "\(name)")
          #expect(error?.errno == .improperLink)
        }
        #expect(try other.names() == [])
      }
    }
  }

  @Test(arguments: TestFileSystem.copying)
  func nothingIsMadeWhereNothingCanBeShared(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try await shell("echo data > a; mkdir -p t/d; echo x > t/d/x", in: directory.path)
      for name in ["a", "t"] {
        let error = failure { try syncSnapshot(directory.file(name), directory.file("b")) }
        #expect(error?.code == .notSupported(.notSupported), "\(name)")
      }
      #expect(try directory.names() == ["a", "t"])
    }
  }

  /// Neither another owner's nor another group's file is given away by whoever may not.
  @Test(arguments: [TestFileSystem.xfs, .btrfs])
  func whoMayNotPreserveEverythingMakesNothing(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try await shell(
        """
        echo data > a; chmod 644 a; chmod 777 .; cp a own; chown 65534:65534 own
        """, in: directory.path)
      let error = await asUser(65534) {
        failure { try syncSnapshot(directory.file("a"), directory.file("b")) }
      }
      #expect(error?.code == .permissionDenied)
      #expect(error?.operation == .preserveOwner)
      #expect(error?.errno == .notPermitted)
      #expect(try directory.names() == ["a", "own"])
      // What is one's own may be, and so may anything without its attributes.
      let own = await asUser(65534) {
        failure { try syncSnapshot(directory.file("own"), directory.file("b")) }
      }
      #expect(own == nil)
      let bare = await asUser(65534) {
        failure { try syncSnapshot(directory.file("a"), directory.file("c"), .nothing) }
      }
      #expect(bare == nil)
      #expect(try directory.status("c").st_uid == 65534)
    }
  }

  @Test(arguments: TestFileSystem.clonable)
  func aTreeAppearsCompleteOrNotAtAll(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try await shell(
        """
        mkdir -p t/d/e; for i in {1..300}; do head -c 9000 /dev/urandom > t/d/f$i; done
        ln t/d/f1 t/d/e/hard; ln -s f1 t/d/link; mkfifo t/p; chmod 2750 t/d; chown 1:2 t
        touch -d 2001-02-03 t/d t
        """, in: directory.path)
      // Whoever looks sees no name, or one with everything behind it.
      let seen = Mutex<Set<Int>>([])
      let outcome = try whileWatched {
        let count = try? FileManager.default.contentsOfDirectory(atPath: directory["s/d"]).count
        seen.withLock { _ = $0.insert(count ?? -1) }
      } _: {
        try syncSnapshot(directory.file("t"), directory.file("s"))
      }
      #expect(seen.withLock { $0 }.isSubset(of: [-1, 302]))
      guard case .clones(let contents) = outcome else {
        Issue.record("\(outcome)")
        return
      }
      #expect(contents.files == 300)
      #expect(contents.hardLinks == 1)
      #expect(contents.directories == 3)
      #expect(contents.cloned == 300 * 9000)
      try await shell(
        """
        diff -r --no-dereference t s 2>&1 | grep -v 'is a fifo' | (! grep .)
        f() { (cd $1; find . -printf '%p %m %u:%g %n %T@\\n' | sort); }; diff <(f t) <(f s)
        [ s/d/e/hard -ef s/d/f1 ]
        """, in: directory.path)
      #expect(try directory.sharedBytes("t/d/f7", "s/d/f7") > 0)
      #expect(try directory.names() == ["s", "t"])
    }
  }

  @Test func aTreeIsNotSnapshotIntoItself() async throws {
    try await withDirectory(on: .btrfs) { directory in
      try await shell("mkdir -p t/d; echo x > t/d/x", in: directory.path)
      let error = failure { try syncSnapshot(directory.file("t"), directory.file("t/d/s")) }
      #expect(error?.operation == .refuse(.intoItself))
      #expect(try await shell("find t", in: directory.path) == "t\nt/d\nt/d/x\n")
    }
  }

  @Test func aTreeThatFailsLeavesNothing() async throws {
    try await withDirectory(on: .xfs) { directory in
      // A file of another file system deep inside: it cannot be shared.
      try await shell(
        """
        mkdir -p t/a/b/c/d t/ro/in; for i in {1..300}; do echo $i > t/a/b/c/f$i; done
        chmod 555 t/ro; mount -t tmpfs none t/a/b/c/d; echo x > t/a/b/c/d/x
        """, in: directory.path)
      let error = failure { try syncSnapshot(directory.file("t"), directory.file("s")) }
      #expect(error?.code == .crossDevice)
      #expect(error?.source == directory.file("t/a/b/c/d/x"))
      try await shell("umount t/a/b/c/d", in: directory.path)
      #expect(try directory.names() == ["t"])
      #expect(try directory.openDescriptors() == 0)
    }
  }

  /// Also where the directory that the name is in may not be read.
  @Test func anEmptyTreeIsRefusedToAUserToo() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await withDirectory(on: .ext4) { other in
        try await shell("chmod 777 .; mkdir -m 755 e; chown 1234 e", in: directory.path)
        try await shell("mkdir -m 333 in; chown 1234 in", in: other.path)
        let source = directory.file("e")
        let name = other.file("in/s")
        let error = await asUser(1234) {
          failure { try syncSnapshot(source, name, .nothing) }
        }
        #expect(error?.code == .crossDevice)
        #expect(!other.exists("in/s"))
      }
    }
  }

  /// One Btrfs has many device numbers, and is one file system nevertheless.
  @Test func anEmptyTreeOfAnotherSubvolumeIsSnapshot() async throws {
    try await withDirectory(on: .btrfs) { directory in
      try await shell("btrfs -q subvolume create v; mkdir v/e", in: directory.path)
      _ = try syncSnapshot(directory.file("v/e"), directory.file("s"))
      #expect(try directory.names() == ["s", "v"])
      try await shell("btrfs -q subvolume delete v", in: directory.path)
    }
  }

  /// The name is taken while the tree is being made.
  @Test func whoTakesTheNameMeanwhileKeepsIt() async throws {
    let isMet = try await meetsUnderWay { factor in
      try await withDirectory(on: .xfs) { directory in
        try await shell(
          "mkdir t; for i in {1..\(2000 * factor)}; do echo $i > t/f$i; done", in: directory.path)
        let path = directory["s"]
        let failed = failure {
          try whileWatched {
            if (try? directory.names().count) ?? 1 > 1 { mkdir(path, 0o700) }
          } _: {
            _ = try syncSnapshot(directory.file("t"), directory.file("s"))
          }
        }
        guard let error = failed else { return false }
        #expect(error.code == .exists)
        #expect(try directory.names() == ["s", "t"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: path) == [])
        return true
      }
    }
    #expect(isMet)
  }

  @Test(arguments: [false, true])
  func aSubvolumeIsSnapshotByBtrfsWhenAsked(_ readOnly: Bool) async throws {
    try await withDirectory(on: .btrfs) { directory in
      try await shell(
        "btrfs -q subvolume create v; mkdir v/d; echo x > v/d/x; mkdir plain", in: directory.path)
      let method = SnapshotMethod.subvolume(readOnly: readOnly)
      let made = try await snapshot(directory.file("v"), as: directory.file("s"), method: method)
      #expect(made == .fileSystem)
      #expect(try directory.read("s/d/x") == directory.read("v/d/x"))
      #expect(try directory.status("s").st_ino == 256)
      #expect((open(directory["s/new"], O_CREAT, 0o600) < 0) == readOnly)
      let plain = failure {
        try syncSnapshot(directory.file("plain"), directory.file("p"), method: method)
      }
      #expect(plain?.code == .notSupported(.notSubvolume))
      let taken = failure {
        try syncSnapshot(directory.file("v"), directory.file("s"), method: method)
      }
      #expect(taken?.code == .exists)
      let bare = failure {
        try syncSnapshot(directory.file("v"), directory.file("p"), .nothing, method: method)
      }
      #expect(bare?.code == .invalidArgument)
      let cancelled = CopyController()
      cancelled.cancel()
      let late = failure {
        try syncSnapshot(
          directory.file("v"), directory.file("p"), method: method, controller: cancelled)
      }
      #expect(late?.code == .cancelled)
      try await withDirectory(on: .xfs) { other in
        let away = failure {
          try syncSnapshot(directory.file("v"), other.file("p"), method: method)
        }
        #expect(away?.code == .crossDevice)
      }
      #expect(!directory.exists("p"))
      // Without being asked for, it is cloned file by file.
      let cloned = try syncSnapshot(directory.file("v"), directory.file("c"))
      #expect(cloned != .fileSystem)
      #expect(try directory.status("c").st_ino != 256)
      try await shell("btrfs -q subvolume delete s v", in: directory.path)
    }
  }

  @Test func onlyBtrfsHasSubvolumes() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell("mkdir d", in: directory.path)
      let error = failure {
        try syncSnapshot(
          directory.file("d"), directory.file("s"), method: .subvolume(readOnly: true))
      }
      #expect(error?.code == .notSupported(.notSubvolume))
      #expect(try directory.names() == ["d"])
    }
  }
}
