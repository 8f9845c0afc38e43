import TestSupport
import Testing

/// Options, names and messages as newest cp has them.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct WordTests {
  private static let longName = String(repeating: "n", count: 255)

  @Test(arguments: [
    Example(
      "-t and -T exclude each other", "mkdir d; echo a>a; cp -T -t d a",
      "cp: cannot combine --target-directory (-t) and --no-target-directory (-T)\n"),
    Example(
      "a backup that is off excludes -n too", "echo a>a; cp --backup=off -n a b 2>&1 | head -1",
      "cp: --backup is mutually exclusive with -n or --update=none-fail\n"),
    Example(
      "an empty --backup= takes VERSION_CONTROL",
      "echo a>a; echo b>b; VERSION_CONTROL=numbered cp --backup= a b; ls", "a\nb\nb.~1~\n"),
    Example(
      "a socket cannot be opened",
      """
      python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("k")'; cp k l
      """, "cp: cannot open 'k' for reading: No such device or address\n"),
    Example(
      "-v is said before what fails", "echo 1>a; cp -v a nodir/b",
      "'a' -> 'nodir/b'\ncp: cannot create regular file 'nodir/b': No such file or directory\n"),
    Example(
      "names are those that were given",
      "echo a>a; mkdir -p d//e; cp -v a .//d//e/; cp a a/; cp -v a ./d/.//f",
      """
      'a' -> './/d//e/a'
      cp: cannot stat 'a/': Not a directory
      'a' -> './d/.//f'

      """),
    Example(
      "words of the command line cannot speak to a terminal",
      "cp --reflink=$'\\e[31m' a b 2>&1 | head -1; cp --backup=$'\\xff' a b 2>&1 | head -1",
      "cp: invalid argument '\\033[31m' for '--reflink'\ncp: invalid argument '\\377' for 'backup type'\n"
    ),
    Example(
      "a clone that was not asked for is no", "echo 1>a; cp --reflink=never --debug a b",
      "'a' -> 'b'\ncopy offload: avoided, reflink: no, sparse detection: no\n"),
    Example(
      "what is no link yet is not told", "echo a>a; ln a b; cp -lv a b; echo $?", "0\n"),
    Example(
      "a link takes a name at once, and removes nothing before",
      "echo a>a; echo b>b; echo c>c; cp -lfv a b; cp -sfv c b; cp -lv --remove-destination a b",
      "'a' -> 'b'\n'c' -> 'b'\nremoved 'b'\n'a' -> 'b'\n"),
    Example(
      "a relative link elsewhere is refused after all else",
      "mkdir d; echo a>d/a; cp -s d/a d/a; cp -s d/a d/b",
      "cp: 'd/a' and 'd/a' are the same file\ncp: d/b: can make relative symbolic links only in current directory\n"
    ),
  ])
  func newestCpsWords(_ example: Example) async throws {
    try await withDirectory(on: .xfs) { try await $0.check(example) }
  }

  /// A locale that is not installed counts as C, as setlocale(3) has it.
  @Test(arguments: ["C.UTF-8", "xx_YY.UTF-8", "en_US.UTF-8", "POSIX", "C", "../x.UTF-8"])
  func quotesAsTheLocaleHasIt(_ locale: String) async throws {
    try await withDirectory(on: .tmpfs) { directory in
      let ours = try await directory.cp(["--reflink=é", "a", "b"], locale: locale)
      let theirs = try await directory.cp(
        ["--reflink=é", "a", "b"], executable: "/bin/cp", locale: locale)
      #expect(ours.errors == theirs.errors)
    }
  }

  @Test(arguments: [
    Example(
      "a name that is too long for a suffix is shortened",
      "echo 1 >\(longName); echo 2 >f; cp -b f \(longName); cat n*~ n*n; ls | wc -L",
      "1\n2\n255\n"),
    Example(
      "by numbers too, and then once",
      """
      echo 1 >\(longName); echo 2 >f; cp --backup=t f \(longName); cat n*~
      cp --backup=t f \(longName) 2>&1 | tail -c 14; cat n*~
      """, "1\n: File exists\n1\n"),
    Example(
      "a suffix is bytes",
      "echo 1 >b; echo 2 >f; cp -b -S $'\\xff' f b; ls b?; cp -b --suffix=~+5~ f b; ls b~*",
      "b\u{fffd}\nb~+5~\n"),
    Example(
      "names that look alike are not the same",
      "a=$'e\\xcc\\x81'; b=$'\\xc3\\xa9'; echo 1 >$a; echo 2 >$b; echo 3 >f; cp --backup=t f $b; cp --backup=t f $b; ls | wc -l; cat $a",
      "5\n1\n"),
    Example(
      "numbers have no limit",
      "echo 1 >b; echo 2 >f; touch b.~99999999999999999999999~; cp --backup=t f b; ls b.~1*",
      "b.~100000000000000000000000~\n"),
  ])
  func backupsAreNamedByBytes(_ example: Example) async throws {
    try await withDirectory(on: .ext4) { try await $0.check(example) }
  }

  @Test(arguments: [
    Example(
      "a pipe", "truncate -s 8M z; cat z | cp --sparse=always /dev/stdin o; stat -c '%b %s' o",
      "0 8388608\n"),
    Example(
      "data in it",
      "(head -c 1M /dev/zero; echo x; head -c 1M /dev/zero) >z; cat z | cp --sparse=always /dev/stdin o; cmp z o; [ $(stat -c %b o) -lt 64 ] && echo sparse",
      "sparse\n"),
    Example(
      "a process", "truncate -s 8M z; cp --sparse=always <(cat z) o; stat -c '%b %s' o",
      "0 8388608\n"),
  ])
  func zerosOfAStreamBecomeHoles(_ example: Example) async throws {
    try await withDirectory(on: .ext4) { try await $0.check(example) }
  }
}
