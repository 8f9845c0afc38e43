import Foundation
import TestSupport
import Testing

/// The same command line, given to the system's cp and to ours, in the same directory:
/// the same words, the same status, and the same files afterwards.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct DifferentialTests {
  /// Names that are one file in every way there is, and some that are not.
  private static let sameFile = """
    echo foo > foo; ln -s foo symlink; ln foo hardlink; ln -s foo sl1; ln -s foo sl2
    ln sl2 hlsl; ln -s nowhere dangling; ln -s loop loop; mkdir dir; ln -s dir dirlink
    """

  private static let options = [
    "", "-d", "-f", "-df", "--rem", "--rem -d", "-b", "-bd", "-bf", "-bdf", "-l", "-dl", "-fl",
    "-bl", "-bdl", "-bfl", "-s", "-sf", "-sb", "-P", "-L", "-H", "-R", "-a", "-aT", "-u", "-ub",
    "--attributes-only", "-a --attributes-only", "-n", "-p", "-x", "--copy-contents -R",
    "--backup=numbered", "--backup=simple -S .old", "--strip-trailing-slashes",
  ]

  @Test(arguments: [
    "foo symlink", "symlink foo", "foo foo", "sl1 sl2", "foo hardlink", "hlsl sl2", "foo dangling",
    "foo loop", "foo dir", "foo dirlink", "-T foo dir", "-T foo dirlink", "dir foo",
    "dangling foo", "dangling new", "dir/../foo foo", "foo ./foo", "dir dirlink",
  ])
  func theSameFileInEveryWay(_ operands: String) async throws {
    let options = Self.options.filter { operands != "symlink foo" || $0 != "-bdl" }
    try await compare(setUp: Self.sameFile, options.map { "\($0) \(operands)" })
  }

  private static let tree = """
    mkdir -p s/d/e t; echo a > s/a; echo b > s/d/b; ln s/a s/d/hard; ln -s ../a s/d/link
    ln -s d s/dlink; ln -s nowhere s/broken; mkfifo s/fifo; chmod 750 s/d; chmod 604 s/a
    echo old > f; echo new > g; touch -d 2001-01-01 f; cp f u; mkdir p q; echo 1 > p/x; echo 2 > q/x
    """

  // Left out, since ours means to differ: --parents of what is missing makes no directory
  // first; -b with -n is refused in newer words.
  private static let commands = [
    "-R s n", "-RL s n", "-RH s n", "-RP s n", "-RL s/dlink n", "-RH s/dlink n", "-RP s/dlink n",
    "-rL s/d n", "-a s n", "-a --no-preserve=links s n", "-a --no-preserve=mode s n",
    "-a --no-preserve=all s n", "-r --preserve=links s n", "-R -l s n", "-R -s s n",
    "-rd s/d s/a t", "-R s/. t", "s/a s/d/b t", "-r s s t", "s/a s/a t", "s/a ./s/a t",
    "p/x q/x t", "-f p/x q/x t", "-b p/x q/x t", "--backup=numbered p/x q/x t", "-u g f", "-u f g",
    "--parents s/d/b t", "--parents -r s/d t", "--parents -a s/d/e t",
    "--parents s/d/b f", "--parents s/d/../a t", "--parents -v s/d/b t",
    "-b f g", "-bv f g", "--backup f g", "--backup=existing f g", "--backup=t f g",
    "--backup=never f g", "--backup=none f g", "--backup=foo f g", "--backup=n f g", "-S .x f g",
    "-b -S a/b f g", "-ls f g", "-n f g", "-n f missing/g", "-i f new", "-Z f new",
    "--context=x f new", "--preserve=context f new", "--preserve=ti f new", "--preserve=m,t f new",
    "--no-preserve=zz f new", "--no-preserve f new", "-p f new", "--sparse=never f new",
    "--reflink=never f new", "--remove-destination f g", "--rem -r s t", "-T s t", "-rT s t",
    "-T p t", "-rT p t", "f g t/", "f g t/missing", "-t t f g", "-t t", "-t t/missing f", "-t f g",
    "--strip-trailing-slashes s/dlink/ n", "-r --strip-trailing-slashes s/dlink/ n", "s/dlink/ n",
    "-d s/dlink/ n", "-a s/dlink/ n", "--path s/a t", "-R s/fifo n", "-a s/fifo f",
    "s/broken n", "-P s/broken n", "-L s/broken n", "-d s/broken f", "-l s/broken n", "-s f n",
    "-s f t", "-s f t/n", "-l f n", "-l f g", "-lf f g", "-sf f g", "-vR p n", "-v f n", "-vl f n",
    "-vs f n", "-vb f g", "-v --rem f g", "-vf f g", "-vu f g", "-vn f g", "-x -r s n",
    "--one-file-system -R p n", "--attributes-only s/a n", "--attributes-only f g",
    "--copy-contents f n", "--back f g", "--at f n", "--li f n", "--f f g", "--pr f n",
    "--pa s/a t",
    "--no f g", "--s f g", "--re f g", "--u f g", "--v f n",
  ]

  @Test(arguments: 0..<8)
  func everyOption(_ part: Int) async throws {
    let commands = Self.commands.enumerated().filter { $0.offset % 8 == part }.map(\.element)
    try await compare(setUp: Self.tree, commands)
  }

  /// Each command in a directory made anew; what it printed, its status, and what is
  /// there afterwards, from both programs.
  private func compare(setUp: String, _ commands: [String]) async throws {
    try await withDirectory(on: .xfs) { directory in
      var answers: [[String]] = []
      for (name, executable) in [("theirs", "/bin/cp"), ("ours", BuiltCommand.path)] {
        let script = """
          export LC_ALL=C; set -f; cp() { (exec -a cp '\(executable)' "$@"); }
          while read -r arguments; do
            rm -rf \(name); mkdir \(name); cd \(name); { \(setUp); } 2>/dev/null
            cp $arguments > ../out 2> ../err < /dev/null; status=$?
            # Since 9.2 the message names what would take the directory's place.
            sed -i "s/with non-directory '.*'/with non-directory/" ../err
            echo "== cp $arguments: status $status"; sort ../out; sort ../err
            find . -printf '%p %y %m %n %l\\n' | sort
            find . -type f | sort | xargs sha1sum
            find . -type f -printf '%i %p\\n' | sort |
              awk '{a[$1]=a[$1]" "$2} END {for (i in a) print a[i]}' | sort
            cd ..
          done <<'END'
          \(commands.joined(separator: "\n"))
          END
          """
        let text = try await shell(script, in: directory.path)
        answers.append(text.components(separatedBy: "== "))
      }
      #expect(answers[0].count == commands.count + 1)
      #expect(answers[1].count == commands.count + 1)
      for (theirs, ours) in zip(answers[0], answers[1]) where theirs != ours {
        let lines = Set(theirs.split(separator: "\n"))
        let others = ours.split(separator: "\n").filter { !lines.contains($0) }
        Issue.record("\(theirs.prefix { $0 != "\n" }); ours differs in \(others)")
      }
    }
  }
}
