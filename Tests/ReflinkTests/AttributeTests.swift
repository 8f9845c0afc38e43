import Foundation
import Reflink
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// Owner, mode, times, extended attributes and access control lists.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct AttributeTests {
  @Test(arguments: TestFileSystem.main)
  func everythingIsPreserved(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try directory.fill("a", 5000)
      try await shell(
        """
        chown 1000:1001 a; chmod 6754 a; setfattr -n user.color -v blue a
        setfattr -n user.empty a; setfacl -m u:77:rw a; setcap cap_net_raw+ep a
        touch -d '1999-12-31 23:59:59.123456789' a
        """, in: directory.path)
      _ = try syncCopy(directory.file("a"), directory.file("b"))
      for question in [
        "stat -c '%a %u %g %x %y' X", "getfattr -d -m - X | grep -v '^#'",
        "getcap X | cut -d' ' -f2",
        "getfacl -cn X",
      ] {
        let a = try await shell(question.replacing("X", with: "a"), in: directory.path)
        let b = try await shell(question.replacing("X", with: "b"), in: directory.path)
        #expect(a == b, "\(question)")
        #expect(!a.isEmpty)
      }
    }
  }

  @Test(arguments: TestFileSystem.main)
  func nothingIsPreservedWhenNothingIsAskedFor(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try directory.fill("a", 5000)
      try await shell(
        "chown 1000:1001 a; chmod 6777 a; setfattr -n user.x -v y a; touch -d 2001-01-01 a",
        in: directory.path)
      _ = try syncCopy(directory.file("a"), directory.file("b"), CopyOptions(preserving: .nothing))
      let status = try directory.status("b")
      #expect(status.st_mode & 0o7777 == 0o777 & ~currentUmask())
      #expect(status.st_uid == geteuid())
      #expect(status.st_mtim.tv_sec > 1_500_000_000)
      #expect(try await shell("getfattr -d b", in: directory.path).isEmpty)
    }
  }

  @Test(arguments: TestFileSystem.main)
  func anInheritedListDoesNotStay(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try await shell(
        "mkdir d; setfacl -d -m u:99:rwx d; echo x > a; chmod 640 a; mkdir s; echo y > s/f; chmod 750 s",
        in: directory.path)
      _ = try syncCopy(directory.file("a"), directory.file("d/a"))
      _ = try syncCopyTree(directory.file("s"), directory.file("d/s"))
      for name in ["d/a", "d/s", "d/s/f"] {
        #expect(
          try await !shell("getfacl -cn \(name)", in: directory.path).contains("user:99"), "\(name)"
        )
      }
      // Without a word on the mode, the directory's own rule is followed.
      _ = try syncCopy(
        directory.file("a"), directory.file("d/b"), CopyOptions(preserving: .nothing))
      #expect(try await shell("getfacl -cn d/b", in: directory.path).contains("user:99"))
    }
  }

  @Test(arguments: TestFileSystem.main)
  func ownerAloneKeepsTheModeThatCreationGives(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try await shell(
        "echo x > a; chown 1000:1001 a; chmod 6777 a; mkdir -m 1777 d", in: directory.path)
      let options = CopyOptions(preserving: CopyOptions.Preservation(owner: .wherePossible))
      _ = try syncCopy(directory.file("a"), directory.file("b"), options)
      #expect(try directory.status("b").st_mode & 0o7777 == 0o777 & ~currentUmask())
      #expect(try directory.status("b").st_uid == 1000)
      #expect(try directory.status("b").st_gid == 1001)
      _ = try syncCopyTree(directory.file("d"), directory.file("e"), options)
      #expect(try directory.status("e").st_mode & 0o7777 == 0o1777 & ~currentUmask())
    }
  }

  @Test func aRequiredAttributeThatIsRefusedIsAnError() async throws {
    try await withDirectory(on: .btrfs) { directory in
      try await withDirectory(on: .ext4) { other in
        try directory.fill("a", 10)
        try await shell(
          "setfattr -n btrfs.compression -v zstd a; setfattr -n user.x -v y a", in: directory.path)
        var options = CopyOptions()
        _ = try syncCopy(directory.file("a"), other.file("quiet"), options)
        options.preserving.extendedAttributes = .required
        let error = failure { try syncCopy(directory.file("a"), other.file("b"), options) }
        #expect(error?.operation == .preserveAttribute(name: "btrfs.compression"))
        #expect(error?.code == .notSupported(.notSupported))
        // The rest is there all the same.
        #expect(error?.leftover == other.file("b"))
        #expect(try other.read("b") == directory.read("a"))
        #expect(try await shell("getfattr -d b", in: other.path).contains("user.x"))
      }
    }
  }

  /// A directory's list for what is made in it says nothing of the directory's own rights.
  @Test func aDefaultListThatCannotBeKeptTakesNoRights() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await withDirectory(on: .noListsBtrfs) { other in
        try await shell("mkdir -m 755 d; setfacl -d -m u:99:rwx d", in: directory.path)
        let error = failure { try syncCopyTree(directory.file("d"), other.file("e")) }
        #expect(error?.operation == .preserveMode)
        #expect(try other.status("e").st_mode & 0o777 == 0o755)
      }
    }
  }

  @Test func aListThatCannotBeKeptIsAnErrorAndWidensNothing() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await withDirectory(on: .noListsBtrfs) { other in
        try await shell(
          "echo x > a; chmod 600 a; setfacl -m u:99:rwx a; setfattr -n user.x -v y a",
          in: directory.path)
        let error = failure { try syncCopy(directory.file("a"), other.file("b")) }
        #expect(error?.operation == .preserveMode)
        #expect(error?.code == .notSupported(.notSupported))
        #expect(error?.leftover == other.file("b"))
        // The list's mask stood in the group's bits; the group itself had nothing.
        #expect(try other.status("b").st_mode & 0o777 == 0o600)
        #expect(try other.read("b") == directory.read("a"))
      }
    }
  }

  /// As another user sees it: who watches the name never finds it open to more than the end allows.
  @Test(arguments: TestFileSystem.main)
  func aNewFileIsNeverWiderThanItsFinalRights(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try directory.fill("a", 24 << 20)
      try await shell("chown 1000:1001 a; chmod 4750 a", in: directory.path)
      let options = CopyOptions(cloning: .never)
      let modes = Mutex<Set<mode_t>>([])
      for _ in 0..<5 {
        try whileWatched {
          guard let status = try? directory.status("b") else { return }
          modes.withLock { _ = $0.insert(status.st_mode & 0o7777) }
        } _: {
          _ = try syncCopy(directory.file("a"), directory.file("b"), options)
        }
        #expect(try directory.status("b").st_mode & 0o7777 == 0o4750)
        unlink(directory["b"])
      }
      let seen = modes.withLock { $0 }
      #expect(seen.isSubset(of: [0o600, 0o4750]), "\(seen)")
      #expect(seen.contains(0o600))
    }
  }

  /// Files of a tree are made with their final rights where their owner is known beforehand,
  /// which whoever owns the directory may change.
  @Test(arguments: TestFileSystem.main)
  func aDirectoryThatGetsAnotherGroupMeanwhileLeavesFilesTheirs(_ system: TestFileSystem)
    async throws
  {
    try await withDirectory(on: system) { directory in
      try await shell(
        "mkdir s; for f in {1..20}; do echo $f > s/$f; chmod 664 s/$f; done", in: directory.path)
      let given = Mutex(0)
      try syncCopyTree(directory.file("s"), directory.file("t")) { entry, _, _ in
        guard case .file = entry else { return }
        given.withLock { given in
          given += 1
          if given == 3 { chown(directory["t"], 0, 1001) }
          if given == 3 { chmod(directory["t"], 0o2700) }
        }
      }
      #expect(given.withLock { $0 } == 20)
      #expect(
        try await shell("stat -c '%a %u %g' t t/* | sort | uniq -c", in: directory.path)
          == "     20 664 0 0\n      1 755 0 0\n")
    }
  }
}
