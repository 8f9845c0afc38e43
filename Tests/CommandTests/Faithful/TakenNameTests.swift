import TestSupport
import Testing

/// What becomes of a name that is taken, where other programs lose what has it.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct TakenNameTests {
  @Test(arguments: [
    Example(
      "a link is not put in the place of what its source leads to",
      """
      echo data >g; ln -s g s
      for o in -as -rs -Ps -dRs; do for f in --remove-destination -f; do cp $o $f s g; done; done
      cat g
      """,
      String(repeating: "cp: 's' and 'g' are the same file\n", count: 8) + "data\n")
  ])
  func theSameFileIsNeverLost(_ example: Example) async throws {
    try await withDirectory(on: .xfs) { try await $0.check(example) }
  }

  @Test func theSameFileIsNotLostInATree() async throws {
    try await withDirectory(on: .xfs) { directory in
      let answer = try await directory.answer(
        to: """
          mkdir d t; echo data >t/g; ln -s ../t/g d/g
          cp -as --remove-destination $PWD/d/. t 2>&1 | grep -c 'are the same file'; cat t/g
          """)
      #expect(answer == "1\ndata\n")
    }
  }

  /// -n, --update=none and -u own the name, whatever it leads to.
  @Test(arguments: [
    Example("a link is left", "ln -s x a; ln -s y b; cp -an a b; readlink b", "y\n"),
    Example(
      "in a tree", "mkdir s t; ln -s x s/a; ln -s y t/a; cp -an s/. t; readlink t/a", "y\n"),
    Example(
      "also where it was to be removed",
      "ln -s x a; ln -s y b; cp -an --remove-destination a b; readlink b", "y\n"),
    Example("a FIFO over a file", "mkfifo a; echo 1 >b; cp -an a b; cat b", "1\n"),
    Example("a loop", "ln -s x a; ln -s b b; cp -an a b; readlink b", "b\n"),
    Example("a newer link", "ln -s x a; sleep 0.05; ln -s y b; cp -au a b; readlink b", "y\n"),
    Example("a file onto itself", "echo 1 >a; cp -n a a; echo $?; cp -nP a a; echo $?", "0\n0\n"),
    Example(
      "a directory onto itself",
      "mkdir b d; cp -rTn b b/.; echo $?; cp -rn d/. d; echo $?", "0\n0\n"),
    Example(
      "a link that is made by -s",
      "echo 1 >e; touch -d 2001-01-01 e; ln -s b b; cp -u -s e b; echo $?; readlink b", "0\nb\n"),
  ])
  func leavesTheNameAlone(_ example: Example) async throws {
    try await withDirectory(on: .xfs) { try await $0.check(example) }
  }

  @Test(arguments: [
    Example(
      "a file with other names is replaced, although a link leads to it",
      "echo o >f; ln f a; ln -s a g; echo n >b; cp -a b g; cat f g; stat -c %F g",
      "o\nn\nregular file\n"),
    Example(
      "a node takes no file's place where links are followed",
      "echo 1 >a; mkfifo f; cp -rL f a; cat a", "cp: cannot create fifo 'a': File exists\n1\n"),
    Example("but with -a it does", "echo 1 >a; mkfifo f; cp -a f a; stat -c %F a", "fifo\n"),
    Example(
      "a directory takes the place of a file that is kept",
      "mkdir d; echo f>file; cp -a --backup=t -T d file; stat -c %F file; cat file.~1~",
      "directory\nf\n"),
    Example(
      "a hard link replaces after a yes",
      "echo a>a; echo b>b; echo y | cp -il a b; cat b; stat -c %h b", "cp: overwrite 'b'? a\n2\n"),
    Example(
      "a dangling link is refused unasked",
      "echo a>a; ln -s x b; echo y | cp -i a b; readlink b",
      "cp: not writing through dangling symlink 'b'\nx\n"),
    Example(
      "a socket is not written into, and goes with -f",
      """
      echo a>a; python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("k")'
      cp a k; stat -c %F k; cp -f a k; stat -c %F k
      """,
      "cp: cannot create regular file 'k': No such device or address\nsocket\nregular file\n"),
    Example(
      "a device is written into", "echo a>a; mknod n c 1 3; cp a n; stat -c %F n",
      "character special file\n"),
    Example(
      "a directory is named with what would take its place",
      "mkdir d; echo a>f; cp -T f d",
      "cp: cannot overwrite directory 'd' with non-directory 'f'\n"),
  ])
  func whatMayTakeWhosePlace(_ example: Example) async throws {
    try await withDirectory(on: .ext4) { try await $0.check(example) }
  }

  /// Where there is no room for both, --remove-destination does what it says.
  @Test(arguments: ["b", "s"])
  func withoutRoomForBothTheExistingFileGoesFirst(_ kind: String) async throws {
    try await withDirectory(on: .smallExt4) { directory in
      try await withDirectory(on: .xfs) { other in
        try await shell(
          "mkdir s; head -c 12M /dev/urandom >s/f; cp s/f b", in: other.path)
        try await shell(
          "mkdir -p s; head -c 12M /dev/zero | tr '\\0' x >b; cp b s/f; rm \(kind == "b" ? "s/f" : "b")",
          in: directory.path)
        let answer = try await directory.answer(
          to: """
            o=\(other.path); cp -r $o/\(kind) . 2>&1 | grep -c 'No space'; cp -rf --remove-destination $o/\(kind) .
            echo $?; cmp $o/\(kind == "b" ? "b b" : "s/f s/f") && echo same; ls -A . s
            """)
        #expect(answer.hasPrefix("0\n0\nsame\n"), "\(answer)")
        #expect(!answer.contains(".reflink"))
      }
    }
  }

  /// Without data too, a link that leads nowhere is no file to be left alone.
  @Test(arguments: ["-n", "--update=none", "--update=none-fail"])
  func attributesOnlyIsNotWrittenThroughALinkToNothing(_ rule: String) async throws {
    try await withDirectory(on: .xfs) { directory in
      let answer = try await directory.answer(
        to: "echo data >f; ln -s nowhere l; cp --attributes-only \(rule) f l 2>&1; echo $?; ls")
      #expect(answer == "cp: not writing through dangling symlink 'l'\n1\nf\nl\n")
    }
  }

  /// A directory that meets itself, where nothing may be replaced.
  @Test(arguments: [
    ("-n d d", "0"), ("-n d l", "1 cp: cannot overwrite non-directory 'l' with directory 'd'"),
    ("-n -H l d", "0"), ("--update=none-fail d d", "1 cp: not replacing 'd/f'"),
    ("--update=none-fail l/ d", "1 cp: not replacing 'd/f'"), ("--update=all -n -L l d", "0"),
    ("--update=none-fail d l", "1 cp: cannot overwrite non-directory 'l' with directory 'd'"),
  ])
  func aDirectoryMeetsItself(_ line: String, _ expected: String) async throws {
    try await withDirectory(on: .xfs) { directory in
      let answer = try await directory.answer(
        to: """
          mkdir d; ln -s d l; touch d/f; said=$(cp -rT \(line) 2>&1); echo "$? $said"; ls d
          """)
      #expect(answer.replacing(" \n", with: "\n") == expected + "\nf\n")
    }
  }

  /// With links asked for too.
  @Test(arguments: ["-s -R l", "-s -P l", "-l -R l", "-s -d f", "-l -d f"])
  func attributesOnlyReplacesNothing(_ line: String) async throws {
    try await withDirectory(on: .xfs) { directory in
      let answer = try await directory.answer(
        to: """
          echo data >f; ln -s f l; echo other >g; ln g h
          cp --attributes-only \(line) g 2>/dev/null; echo $?; cat g; stat -c '%F %h' g
          """)
      #expect(answer == "1\nother\nregular file 2\n")
    }
  }

  /// What was read from a pipe cannot be read again: the copy is not begun a second time.
  @Test func withoutRoomForAStreamTheExistingFileStays() async throws {
    try await withDirectory(on: .smallExt4) { directory in
      try await withDirectory(on: .xfs) { other in
        try await shell("head -c 12M /dev/urandom >big", in: other.path)
        try await shell("head -c 12M /dev/zero | tr '\\0' x >b", in: directory.path)
        let answer = try await directory.answer(
          to: """
            cat \(other["big"]) | cp --remove-destination /dev/stdin b 2>&1 | grep -c 'No space'
            stat -c %s b; head -c 3 b; ls -A
            """)
        #expect(answer == "1\n12582912\nxxxb\n")
      }
    }
  }

  /// Which of the two axes, of asking and of updating, an option is on.
  @Test(arguments: [
    ("--update=none --update=all", "0 new"), ("-n --update=all", "0 old"), ("-n -i", "0 asked new"),
    ("-i -n", "0 old"), ("-i --update=none", "0 old"), ("--update=none -i", "0 old"),
    ("-u -i", "0 asked new"), ("-n -f", "0 old"), ("--update=none-fail -i", "1 old"),
    ("-n --update=none-fail", "0 old"), ("-i -f", "0 asked new"), ("-n -i -u", "0 asked new"),
  ])
  func asksAndUpdatesAsNewestCp(_ options: String, _ expected: String) async throws {
    try await withDirectory(on: .xfs) { directory in
      let answer = try await directory.answer(
        to: """
          echo new >a; echo old >b; touch -d 2001-01-01 b; echo y >yes
          said=$(cp \(options) a b 2>&1 <yes); status=$?
          case $said in *overwrite*) asked='asked ' ;; esac; echo "$status $asked$(cat b)"
          """)
      #expect(answer == expected + "\n", "\(options)")
    }
  }
}
