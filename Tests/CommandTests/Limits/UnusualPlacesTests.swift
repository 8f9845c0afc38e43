import Foundation
import TestSupport
import Testing

/// Without /proc, and without rights to what was just made.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct UnusualPlacesTests {
  /// Runs the command where an empty file system hides /proc.
  private func withoutProc(
    _ directory: TestDirectory, _ arguments: [String], mask: String = "022"
  ) async throws -> CommandResult {
    let script = "umask \(mask); mount -t tmpfs tmpfs /proc && exec \"$0\" \"$@\""
    return try await directory.cp(
      ["--mount", "/bin/bash", "-c", script, BuiltCommand.path] + arguments,
      executable: "/usr/bin/unshare")
  }

  /// What is open for reading needs no /proc, and links have no access control lists.
  @Test(arguments: TestFileSystem.main)
  func withoutProcAllIsPreserved(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try await shell(
        """
        mkdir s; echo data > s/file; ln -s file s/link; mkdir s/d
        chown 12:34 s/*; chown -h 12:34 s/link; chmod 4640 s/file; chmod 2750 s/d
        setfacl -m u:99:rwx s/file; setfattr -n user.color -v blue s/file
        touch -h -d '2001-02-03 04:05:06.987654321' s/*
        """, in: directory.path)
      let result = try await withoutProc(directory, ["-a", "s", "t"])
      #expect(result.errors == "")
      #expect(result.status == 0)
      let describe =
        "find . -printf '%P %y %m %U:%G %T@ %l\\n' | sort; getfacl -R .; getfattr -Rd ."
      #expect(
        try await shell("cd t 2>/dev/null && { \(describe); } || true", in: directory.path)
          == (try await shell("cd s; \(describe)", in: directory.path)))
      for name in ["file", "link"] {
        let one = try await withoutProc(directory, ["-a", "s/\(name)", name])
        #expect(one.status == 0)
        let copied = try directory.status(name).st_mtim.tv_nsec
        #expect(try copied == directory.status("s/\(name)").st_mtim.tv_nsec)
      }
    }
  }

  /// Of FIFOs and devices, which are never opened, their names tell what they have (listxattrat(2)).
  @Test(.enabled(if: kernelIsAtLeast(6, 13)), arguments: TestFileSystem.main)
  func withoutProcNodesAreCopiedWhole(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try await shell(
        """
        mkdir s; mkfifo s/fifo; mknod s/null c 1 3; chown 12:34 s/*; chmod 604 s/fifo; chmod 664 s/null
        touch -d '2001-02-03 04:05:06.987654321' s/*
        """, in: directory.path)
      let result = try await withoutProc(directory, ["-a", "s", "t"])
      #expect(result.errors == "")
      #expect(result.status == 0)
      let one = try await withoutProc(directory, ["-a", "s/fifo", "u"])
      #expect(one.errors == "")
      let describe = "find . -type p -o -type c | xargs stat -c '%n %u:%g %t:%T %y %A'"
      let expected = try await shell("cd s; \(describe)", in: directory.path)
      #expect(try await shell("cd t; \(describe)", in: directory.path) == expected)
      #expect(try directory.status("u").st_mode & 0o7777 == 0o604)
    }
  }

  /// What an access control list says cannot be read without /proc: the group gets none of what
  /// may be the list's mask, and that is told.
  @Test(arguments: TestFileSystem.main)
  func withoutProcNodesAreNeverWiderAndTold(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try await shell(
        "mkdir s; mkfifo s/fifo; chmod 604 s/fifo; setfacl -m u:99:rw s/fifo", in: directory.path)
      let result = try await withoutProc(directory, ["-a", "s", "t"])
      #expect(result.status == 1)
      #expect(result.errors.contains("preserving permissions for 't/fifo'"))
      #expect(try directory.status("t/fifo").st_mode & 0o777 == 0o604)
    }
  }

  /// What cannot be asked for is not guessed.
  @Test(arguments: ["002", "027", "000"])
  func withoutProcTheUmaskIsRight(_ mask: String) async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell(
        "mkdir -m 777 s s/d; touch s/file; chmod 666 s/file; mkfifo -m 666 s/fifo",
        in: directory.path)
      let result = try await withoutProc(directory, ["-r", "s", "t"], mask: mask)
      let modes = "find . -printf '%P %m\\n' | sort"
      let expected = try await shell(
        "umask \(mask); /bin/cp -r s u; cd u; \(modes)", in: directory.path)
      #expect(result.status == 0, "\(result.errors)")
      let found = try await shell("mkdir -p t; cd t; \(modes)", in: directory.path)
      #expect(found == expected)
    }
  }

  /// A new directory's owner needs rights to it while it is filled, whatever is left him then.
  @Test(arguments: ["0075", "0055", "0175", "0305", "0675"], ["022", "000", "077"])
  func aDirectoryWithoutRightsOfItsOwnerIsFilled(_ mode: String, _ mask: String) async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell(
        """
        mkdir -p s/d; echo 1 > s/f; echo 2 > s/d/f; chown -R 0:65534 s; chmod \(mode) s/d s
        mkdir o; chmod 777 o; mkdir h; chmod 755 h; cp '\(BuiltCommand.path)' h/tool; chmod 755 h/tool
        """, in: directory.path)
      var found: [String] = []
      for command in ["/bin/cp", directory["h/tool"]] {
        let result = try await directory.cp(
          ["--reuid=65534", "--regid=65534", "--clear-groups", command, "-r", "s", "o/t"],
          executable: "/usr/bin/setpriv", before: "umask \(mask)")
        let tree = try await shell(
          "find o -printf '%P %m %U %s\\n' | sed '1d; s/ [0-9]*$//' | sort; cat o/t/f o/t/d/f 2>&1 || true; rm -rf o/t",
          in: directory.path)
        found.append("\(result.status)\n\(tree)")
      }
      #expect(found[0] == found[1])
    }
  }
}

/// Whether the running kernel is this one or a later one.
private func kernelIsAtLeast(_ major: Int, _ minor: Int) -> Bool {
  var name = utsname()
  uname(&name)
  let release = withUnsafeBytes(of: &name.release) { String(decoding: $0, as: UTF8.self) }
  let numbers = release.split { !$0.isNumber }.prefix(2).compactMap { Int($0) }
  return numbers.count == 2 && (numbers[0], numbers[1]) >= (major, minor)
}
