import Foundation
import TestSupport
import Testing

/// What is left out, declined, or in the way, as cp does it.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct LeftOutTests {
  private func alike(
    _ script: String, _ arguments: [String], input: String = "", on system: TestFileSystem = .xfs
  ) async throws {
    try await withDirectory(on: system) { directory in
      var found: [String] = []
      for command in ["/bin/cp", BuiltCommand.path] {
        try await shell("mkdir w; cd w; \(script)", in: directory.path)
        let text = try await shell(
          """
          cd w; printf '\(input)' | '\(command)' \(arguments.joined(separator: " ")) 2>/dev/null
          echo "status $?"
          find . -printf '%P %y %m %l\\n' | sort; find . -type f | sort | xargs head -v -n 5
          for f in $(find . -type f); do echo $(find . -samefile $f | sort); done | sort -u
          cd ..; chmod -R u+rwx w; rm -rf w
          """, in: directory.path)
        found.append(text)
      }
      #expect(found[0] == found[1], "\(arguments)")
    }
  }

  /// A name that is left out is no copy that later names could become links to.
  @Test(arguments: ["-an", "-dn", "-rn --preserve=links"])
  func whatIsSkippedIsNotWhatLaterNamesAreLinkedTo(_ options: String) async throws {
    try await alike(
      "mkdir s d; echo NEW>s/a; ln s/a s/b; ln s/a s/c; echo unrelated>d/a",
      [options, "s/.", "d"])
  }

  @Test func oneNoDoesNotEndATree() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell("mkdir s d; touch s/{1..5}; echo old > d/3", in: directory.path)
      let found = try await shell(
        "echo n | '\(BuiltCommand.path)' -riT s d 2>/dev/null; echo $?; ls d; cat d/3",
        in: directory.path)
      #expect(found == "1\n1\n2\n3\n4\n5\nold\n")
    }
  }

  @Test(arguments: [
    ("ln -s x l; ln -s precious d", "-nR l d"), ("mkfifo p; ln -s precious d", "-nR p d"),
    ("echo 1>f; ln -s precious d", "-n --remove-destination f d"),
    ("echo 1>f; ln -s precious d", "-nsf f d"), ("echo 1>f; ln -s precious d", "-nlf f d"),
    ("echo 1>f; ln -s precious d", "-n f d"),
  ])
  func noClobberKeepsDanglingLinks(_ script: String, _ arguments: String) async throws {
    try await alike(script, [arguments])
  }

  @Test(arguments: [
    ("echo precious>b; ln b a; echo new>s; ln -s b d", "-a s d"),
    ("mkdir a b d; echo 1>a/f; echo 2>b/f", "-lf a/f b/f d"),
    ("mkdir a b d; echo 1>a/f; echo 2>b/f", "-l a/f b/f d"),
    ("mkdir -p a d real; echo 1 >a/f; ln -s ../real d/a", "--parents a/f d"),
    (
      "mkdir -p s/x d/real; echo 1>s/x/a; ln s/x/a s/x/b; ln -s real d/x",
      "-a --keep-directory-symlink s/. d"
    ),
  ])
  func linksAreFollowedOrReplacedAsByCp(_ script: String, _ arguments: String) async throws {
    // The system's cp may be too old for the option.
    if arguments.contains("keep-directory") {
      try await withDirectory(on: .xfs) { directory in
        try await shell("\(script); '\(BuiltCommand.path)' \(arguments)", in: directory.path)
        #expect(
          try await shell("[ d/real/a -ef d/real/b ] && echo one", in: directory.path) == "one\n")
      }
    } else {
      try await alike(script, [arguments])
    }
  }

  /// As a user, to whom rights matter.
  @Test(arguments: [
    ("mkdir -m 711 home; mkdir home/u; echo 1>home/u/f; mkdir -m 777 d", "--parents home/u/f d"),
    ("mkdir -m 333 d; echo old>d/f; chown 65534 d d/f; echo new>f", "-b f d/f"),
    ("mkdir -m 333 d; echo old>d/f; chown 65534 d d/f; echo new>f", "--backup=numbered f d/f"),
    ("mkdir -m 777 o; mkdir -m 4070 s; chmod 0070 s; touch -d 2001-01-01 s", "-r s o/t"),
  ])
  func rightsThatAreMissingAreNoObstacleWhereTheyAreNoneForCp(
    _ script: String, _ arguments: String
  ) async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell(
        "mkdir h; cp '\(BuiltCommand.path)' h/tool; chmod 755 h h/tool; chmod 755 .",
        in: directory.path)
      var found: [String] = []
      for command in ["/bin/cp", directory["h/tool"]] {
        let text = try await shell(
          """
          mkdir w; cd w; umask 022; \(script)
          setpriv --reuid=65534 --regid=65534 --clear-groups '\(command)' \(arguments) 2>/dev/null
          echo "status $?"; find . -printf '%P %y %m %U\\n' | sort
          find . -type f | sort | xargs -r head -v -n 5; cd ..; chmod -R u+rwx w; rm -rf w
          """, in: directory.path)
        found.append(text)
      }
      #expect(found[0] == found[1])
    }
  }

  /// What the umask withholds is withheld, also from its owner.
  @Test(arguments: ["277", "777", "077"])
  func aUserGetsNoMoreThanTheUmaskLeaves(_ mask: String) async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell(
        "mkdir h o s; chmod 777 o; chmod 755 . s; cp '\(BuiltCommand.path)' h/tool; chmod 755 h h/tool",
        in: directory.path)
      var found: [String] = []
      for command in ["/bin/cp", directory["h/tool"]] {
        found.append(
          try await shell(
            """
            umask \(mask); setpriv --reuid=65534 --regid=65534 --clear-groups '\(command)' -r s o/t 2>&1
            stat -c %a o/t; rm -rf o/t
            """, in: directory.path))
      }
      #expect(found[0] == found[1])
    }
  }

  /// An existing file is never wider than it was and will be, while it changes hands.
  @Test func anExistingFileIsNarrowedFirst() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell(
        """
        echo secret >s; chmod 600 s; echo old >d; chmod 600 d
        setfacl -m u:1234:r,g::---,m::rw d; chgrp 100 d
        """, in: directory.path)
      let (result, trace) = try await directory.tracedCp(
        ["-e", "trace=fchmod,fchown,fchownat,fremovexattr,fsetxattr"], ["-p", "s", "d"])
      #expect(result.status == 0)
      let calls = trace.compactMap { line in
        ["fchmod(", "fchown", "fremovexattr("].first { line.contains($0) }
      }
      #expect(calls.first == "fchmod(")
      #expect(trace.first { $0.contains("fchmod(") }?.contains("0600") ?? false)
      #expect(try directory.status("d").st_mode & 0o777 == 0o600)
    }
  }

  /// Neither RENAME_NOREPLACE nor hard links: the backup is made all the same.
  @Test(arguments: ["-b", "--backup=numbered"])
  func backupsNeedNoHardLinks(_ option: String) async throws {
    try await withDirectory(on: .fuse) { directory in
      try await shell("echo new >s; echo old >f", in: directory.path)
      let (result, _) = try await directory.tracedCp(
        ["-e", "trace=linkat", "-e", "inject=linkat:error=EPERM"], [option, "s", "f"])
      #expect(result.errors == "")
      #expect(result.status == 0)
      #expect(try await shell("cat f; cat f?*", in: directory.path) == "new\nold\n")
    }
  }
}
