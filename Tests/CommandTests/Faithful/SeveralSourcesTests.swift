import TestSupport
import Testing

/// Sources of one command that meet.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct SeveralSourcesTests {
  /// "Just created" is about operands and names.
  @Test(arguments: [
    "-r", "-a", "-rf", "-au", "-r --remove-destination", "-rb", "-r --backup=numbered", "-rl -f",
  ])
  func treesAreMerged(_ options: String) async throws {
    try await withDirectory(on: .xfs) { directory in
      let answer = try await directory.answer(
        to: """
          mkdir -p s/x t/x d; echo 1 >s/f; echo 1 >s/x/f; 
          echo 2 >t/f; echo 2 >t/x/f; ln -s one s/l; ln -s two t/l; mkfifo s/p t/p
          touch -h -d 2001-01-01 s/f s/x/f s/l s/p
          cp \(options) --no-dereference s/. t/. d; echo $?; cat d/f d/x/f; readlink d/l
          """)
      #expect(answer == "0\n2\n2\ntwo\n", "\(options)")
    }
  }

  @Test(arguments: [
    Example(
      "a directory does not take the place of a file that was just made",
      "mkdir -p b t; echo x >b/b; cp -a --backup=simple b/b b t; echo $?; cat t/b",
      "cp: will not overwrite just-created 't/b' with 'b'\n1\nx\n"),
    Example(
      "files of one name do not overwrite each other",
      "mkdir p q d; echo 1 >p/f; echo 2 >q/f; cp p/f q/f d; echo $?; cat d/f",
      "cp: will not overwrite just-created 'd/f' with 'q/f'\n1\n1\n"),
    Example(
      "nor the name of one that was linked to an earlier copy",
      "mkdir p q d; echo 1 >p/a; ln p/a p/b; echo 2 >q/b; cp -a p/a p/b q/b d; echo $?; cat d/b",
      "cp: will not overwrite just-created 'd/b' with 'q/b'\n1\n1\n"),
    Example(
      "but names of one file that was there before do",
      "mkdir d; echo a>a; echo b>b; echo o>d/a; ln d/a d/b; cp a b d; echo $?; cat d/a",
      "0\nb\n"),
    Example(
      "nothing is written through a link that was just made",
      "mkdir s t d; echo 1 >v; ln -s $PWD/v s/f; echo 2 >t/f; cp -r s/. t/. d; echo $?; cat v",
      "cp: will not copy 't/./f' through just-created symlink 'd/./f'\n1\n1\n"),
    Example(
      "a file that comes by several ways is one file",
      "mkdir s c; echo x >s/b; ln s/b s/e; cp -a s/b s c; stat -c %h c/b c/s/b c/s/e",
      "3\n3\n3\n"),
    Example(
      "also where all of its names come twice",
      "mkdir s c; echo x >s/b; ln s/b s/e; cp -a s s/b s/e c; stat -c %h c/b c/e c/s/b c/s/e",
      "4\n4\n4\n4\n"),
    Example(
      "a source that is named twice is copied once",
      "echo a>a; mkdir d; cp a ./a d; echo $?; mkdir e; cp e e d; cp -r e e d; echo $?",
      """
      cp: warning: source file './a' specified more than once
      0
      cp: -r not specified; omitting directory 'e'
      cp: -r not specified; omitting directory 'e'
      cp: warning: source directory 'e' specified more than once
      0

      """),
    Example(
      "one that is not there is missed each time",
      "mkdir d; cp x x d",
      "cp: cannot stat 'x': No such file or directory\ncp: cannot stat 'x': No such file or directory\n"
    ),
  ])
  func sourcesThatMeet(_ example: Example) async throws {
    try await withDirectory(on: .xfs) { try await $0.check(example) }
  }

  /// How a root file system is copied to a new disk.
  @Test func aTreeIsCopiedIntoAFileSystemThatIsMountedInIt() async throws {
    try await withDirectory(on: .xfs) { directory in
      let answer = try await directory.answer(
        to: """
          mkdir -p s/a s/mnt; mount -t tmpfs none s/mnt; echo f >s/f; cp -ax s/. s/mnt; echo $?
          find s/mnt -printf '%P %y\\n' | sort; umount s/mnt
          """)
      #expect(answer == "0\n d\na d\nf f\nmnt d\n")
    }
  }
}
