import TestSupport
import Testing

/// Which attributes go where, and what is said of those that cannot.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct AttributeRuleTests {
  @Test(arguments: [
    Example(
      "the directory below which --parents makes the way is left alone",
      "chmod 751 .; mkdir -m700 d; echo >s; cp -a --parents ./s d; stat -c %a d", "700\n"),
    Example(
      "--parents leaves a way alone that is there",
      "mkdir -p s/d t/s/d; chmod 700 t/s t/s/d; chmod 751 s s/d; echo >s/d/f; cp -a --parents s/d/f t; stat -c %a t/s t/s/d",
      "700\n700\n"),
    Example(
      "--parents gives its attributes to a way of which a part was missing",
      "mkdir -p s/d t/s; chmod 700 t/s; chmod 751 s s/d; echo >s/d/f; cp -a --parents s/d/f t; stat -c %a t/s t/s/d",
      "751\n751\n"),
    Example(
      "--parents follows a link to a directory in the target",
      "mkdir -p lib jail/usr/lib; ln -s usr/lib jail/lib; echo x>lib/so; cp --parents lib/so jail; cat jail/usr/lib/so",
      "x\n"),
    Example(
      "--parents goes through a link that a slash says is a directory",
      "mkdir d t; ln -s d link; cp -P --parents link/ t",
      "cp: -r not specified; omitting directory 'link/'\n"),
    Example(
      "a directory that is copied into itself keeps its time",
      "mkdir c; touch -d @1000000000 c; cp -a c c 2>said; stat -c %Y c/c", "1000000000\n"),
    Example(
      "a link to its source has the source's times",
      "echo a>a; touch -d @1000000000 a; cp -sp $PWD/a b; stat -c %Y b; cp -as $PWD/a c; stat -c %Y c",
      "1000000000\n1000000000\n"),
    Example(
      "set-id bits of a FIFO stay, as mkfifo makes it",
      "mkfifo f; chmod 4755 f; cp -r f g; stat -c %a g",
      "4755\n"),
  ])
  func attributesGoWhereTheyBelong(_ example: Example) async throws {
    try await withDirectory(on: .ext4) { try await $0.check(example) }
  }

  /// An attribute that was asked for by its word is required, whatever comes after it.
  @Test(arguments: [
    ("-a", 0), ("--preserve=all", 0), ("--preserve=xattr", 1), ("--preserve=xattr -a", 1),
    ("-a --preserve=xattr", 1), ("--preserve=xattr --preserve=all", 1),
    ("--preserve=xattr --no-preserve=xattr -a", 0),
  ])
  func attributesThatAreAskedForAreRequired(_ options: String, _ status: Int) async throws {
    try await withDirectory(on: .ext4) { directory in
      try await shell(
        "echo a>a; setfattr -n user.x -v y a; mkdir m; mount -t ramfs none m", in: directory.path)
      let answer = try await directory.answer(to: "cp \(options) a m/a; echo $?; cat m/a")
      try await shell("umount m", in: directory.path)
      let told = status == 0 ? "" : "cp: setting attributes for 'm/a': Operation not supported\n"
      #expect(answer == "\(told)\(status)\na\n", "\(options)")
    }
  }

  /// Whoever may not give files away is told nothing, and what is the same is not changed.
  @Test(arguments: [
    Example(
      "another's file is copied with what is possible",
      "cp -p /etc/passwd a; echo $?; stat -c %u a", "0\n65534\n"),
    Example(
      "set-id and sticky bits go with the owner",
      "cp -rp root r; echo $?; stat -c %a r", "0\n755\n"),
    Example(
      "a directory that takes entries and is not listed is filled",
      "mkdir s d; echo 1 >s/f; mkdir s/e; chmod 300 d; cp -rT s d; echo $?; cat d/f; cp -aT s d; echo $?; stat -c %a d",
      "0\n1\n0\n755\n"),
    Example(
      "one that cannot be listed is made, and told",
      "mkdir g; chmod 300 g; touch -d @1000000000 g; cp -a g h; echo $?; stat -c '%a %Y' h",
      "cp: cannot access 'g': Permission denied\n1\n300 1000000000\n"),
    Example(
      "a source that need not be opened is not",
      "echo 1 >b; cp -n secret b; echo $?; touch -d 2030-01-01 b; cp -u secret b; echo $?; cat b",
      "0\n0\n1\n"),
    Example(
      "one that is to be read is told, before a directory that is not there",
      "cp secret no/b", "cp: cannot open 'secret' for reading: Permission denied\n"),
  ])
  func aUserGetsWhatHeMay(_ example: Example) async throws {
    try await withDirectory(on: .ext4) { directory in
      try await shell(
        "mkdir root; chmod 1755 root; echo s >secret; chmod 600 secret", in: directory.path)
      try await directory.check(example, asUser: true)
    }
  }

  /// umasks that take the owner's own rights, for a user.
  @Test(arguments: ["177", "700", "777", "222", "022"], ["-r", "-a", "-rp", "-r --parents"])
  func umasksThatTakeTheOwnersRights(_ umask: String, _ options: String) async throws {
    try await withDirectory(on: .ext4) { directory in
      try await shell(
        """
        mkdir -p s/d; echo 1 >s/f; echo 2 >s/d/g; chmod 444 s/d/g; setfattr -n user.x -v y s/d/g
        chown -R 65534:65534 s
        """, in: directory.path)
      try await shell("chmod 777 .", in: directory.path)
      var answers: [String] = []
      for cp in ["(exec -a cp /bin/cp", "(cp"] {
        let made = options.contains("--parents") ? "mkdir -m 755 t; " : ""
        let told = try await directory.answer(
          to: "\(made)umask \(umask); \(cp) \(options) s t); echo $?", asUser: true)
        let tree = try await shell(
          "find t -printf '%P %y %m %U\n' | sort; getfattr -Rd t | sort; find t -type f | xargs cat; rm -rf t",
          in: directory.path)
        answers.append(told + tree)
      }
      #expect(answers[0] == answers[1], "umask \(umask), \(options)")
    }
  }

  /// A copy that its file system gave a coarser time is not older than its source.
  @Test func aCoarserTimeIsNotOlder() async throws {
    try await withDirectory(on: .ext4) { directory in
      try await shell(
        """
        truncate -s 16M image; mkfs.ext4 -q -I 128 image; mkdir m; mount -o loop image m
        echo 1 >a; touch -d '2020-01-01 00:00:00.987654321' a
        """, in: directory.path)
      let answer = try await directory.answer(
        to:
          "cp -pu a m/a; i=$(stat -c %Z m/a); sleep 1.1; cp -pu a m/a; [ $i = $(stat -c %Z m/a) ] && echo left; touch -d '2020-01-01 00:00:01.2' a; cp -pu a m/a; stat -c %y m/a | cut -c18-19"
      )
      try await shell("umount m", in: directory.path)
      #expect(answer == "left\n01\n")
    }
  }

  /// ext4 begins in 1901, tmpfs long before: utimensat(2) takes the nearest time, and does not tell.
  @Test func aTimeThatTheFileSystemHasNotIsTold() async throws {
    try await withDirectory(on: .tmpfs) { source in
      try await withDirectory(on: .ext4) { directory in
        try await shell(
          "mkdir d; echo data > d/old; ln -s old d/link; touch -hd 1850-01-02 d/old d/link d",
          in: source.path)
        let result = try await directory.cp("-a", source["d"], "d")
        #expect(result.status == 1)
        let reason = "Value too large for defined data type"
        #expect(
          result.errors.split(separator: "\n").sorted()
            == ["d", "d/link", "d/old"].map {
              "cp: preserving times for '\($0)': \(reason)"
            })
        #expect(try directory.read("d/old") == Array("data\n".utf8))
        #expect(try await directory.cp("-r", source["d"], "e").status == 0)
        // What it has is kept, however old.
        try await shell("touch -hd '1901-12-20 UTC' d/old d/link d", in: source.path)
        #expect(try await directory.cp("-a", source["d"], "f").errors == "")
        let (there, here) = (source["d/link"], "f/link")
        let times = try await shell("stat -c %Y '\(there)' \(here)", in: directory.path)
        #expect(Set(times.split(separator: "\n")).count == 1)
      }
    }
  }
}
