import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import Reflink

/// What killed copies leave: listed, removed, and not copied along.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct LeftoverSweepTests {
  /// As processes that are gone have left it.
  private static let left = """
    mkdir -p s/d .reflink-abc/deep/er; echo x >.reflink-0123456789abc; echo y >s/d/.reflink-zz
    chmod 0 .reflink-0123456789abc; echo z >.reflink-abc/deep/er/f; chmod 500 .reflink-abc/deep
    echo mine >.reflink-Mine; echo mine >.reflink-; echo mine >.reflink-01234567890abcd
    echo data >s/data; mkfifo s/d/.reflink-fifo; ln -s data s/.reflink-new
    touch -h -d 2020-01-01 s/d/.reflink-fifo
    """

  @Test(arguments: TestFileSystem.main)
  func areListedAndRemoved(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try await shell(Self.left, in: directory.path)
      let here = directory.file(".")
      let top = [".reflink-0123456789abc", ".reflink-abc"].map { directory.file("./\($0)") }
      let all =
        top
        + ["d/.reflink-zz", "d/.reflink-fifo", ".reflink-new"].map { directory.file("./s/\($0)") }
      #expect(try await Set(leftovers(in: here)) == Set(top))
      #expect(try await Set(leftovers(in: here, recursively: true)) == Set(all))
      #expect(try Set(Blocking.leftovers(in: here, recursively: true)) == Set(all))
      #expect(try await Set(removeLeftovers(in: here, recursively: true)) == Set(all))
      #expect(try await leftovers(in: here, recursively: true) == [])
      // What is not ours.
      #expect(
        try await shell("find . ! -type d -printf '%P\\n' | sort", in: directory.path) == """
          .reflink-
          .reflink-01234567890abcd
          .reflink-Mine
          s/data

          """)
    }
  }

  /// Neither can be locked itself.
  @Test(arguments: ["symlinkat", "mknodat"])
  func linksAndNodesThatAreBeingMadeStay(_ call: String) async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell(
        """
        mkdir s d; ln -s new s/a; mkfifo s/b; ln -s old d/a; mkfifo d/b; ln -s old d/.reflink-left
        strace -f -o trace -e trace=\(call) -e inject=\(call):delay_exit=10000000:when=2 \
          '\(BuiltCommand.path)' -aT s d >/dev/null 2>&1 &
        echo $! > p; until [ $(ls -A d | grep -c reflink) = 2 ]; do :; done
        # What is traced stands still as long as its tracer does.
        kill -STOP $(cat p)
        """, in: directory.path)
      #expect(try await removeLeftovers(in: directory.file("d")) == [])
      try await shell(
        "kill -CONT $(cat p); until grep -q exited trace; do sleep 0.1; done", in: directory.path)
      #expect(
        try await removeLeftovers(in: directory.file("d")) == [directory.file("d/.reflink-left")])
      #expect(
        try await shell("ls -A d; readlink d/a", in: directory.path) == "a\nb\nnew\n")
    }
  }

  /// A copy under way is no leftover, to another process either.
  @Test(arguments: [true, false])
  func whatIsBeingMadeStays(_ isTree: Bool) async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell("mkdir s; mkfifo s/p", in: directory.path)
      let options = CopyOptions(specialFiles: .readContents, publication: .temporary)
      let source = directory.file(isTree ? "s" : "s/p")
      let copying = startCopyingTree(source, to: directory.file("t"), options: options)
      #expect(await becomesTrue { ((try? directory.names()) ?? []).count == 2 })
      let temporary = try #require(try directory.names().first { $0.hasPrefix(".reflink-") })
      #expect(try await removeLeftovers(in: directory.file("."), recursively: true) == [])
      #expect(
        try await shell("flock -n \(temporary) true || echo locked", in: directory.path)
          == "locked\n")
      #expect(directory.exists(temporary))
      try await shell("echo data >s/p", in: directory.path)
      _ = try await copying.outcome
      #expect(try directory.names() == ["s", "t"])
    }
  }

  /// Somebody else's are not looked at.
  @Test func ofAnotherUserStay() async throws {
    try await withDirectory(on: .ext4) { directory in
      try await shell(
        "echo a >.reflink-a; echo b >.reflink-b; chown 65534 .reflink-b; chmod 777 .",
        in: directory.path)
      // To root everything belongs.
      #expect(try await leftovers(in: directory.file(".")).count == 2)
      await #expect(processExitsWith: .success) { [path = directory.path as String] in
        setgid(65534)
        setuid(65534)
        let found = try Blocking.removeLeftovers(in: FilePath(path))
        #expect(found == [FilePath("\(path)/.reflink-b")])
      }
      #expect(try directory.names() == [".reflink-a"])
    }
  }

  /// Whoever may not read what is his, since it had its final rights, gets rid of it too.
  @Test func unreadableOnesAreLookedAtByAge() async throws {
    try await withDirectory(on: .ext4) { directory in
      try await shell(
        """
        echo x >.reflink-a; mkdir -p .reflink-b/d; echo y >.reflink-c
        chown -R 65534 .reflink-*; chmod 0 .reflink-a .reflink-b; chmod 777 .
        """, in: directory.path)
      await #expect(processExitsWith: .success) { [path = directory.path as String] in
        setgid(65534)
        setuid(65534)
        // They may be about to get their names.
        #expect(
          try Blocking.removeLeftovers(in: FilePath(path)) == [FilePath("\(path)/.reflink-c")])
        var sweep = try LeftoverSweep(
          OwnedName(FilePath(path)), recursively: false, removes: true, ageOfUnreadable: -1, nil)
        while try sweep.resume(nil) != .finished {}
        #expect(Set(sweep.outcome) == Set(["a", "b"].map { FilePath("\(path)/.reflink-\($0)") }))
      }
      #expect(try directory.names() == [])
    }
  }

  @Test func treesAreCopiedWithoutThem() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell(Self.left, in: directory.path)
      let plan = try await planTree(directory.file("s"))
      let outcome = try await copyTree(directory.file("s"), to: directory.file("t"))
      #expect(outcome.excluded == 3)
      #expect(plan.excluded == 3)
      #expect(outcome.files == 1)
      #expect(
        try await shell("find t -printf '%P\\n' | sort", in: directory.path) == "\nd\ndata\n")
    }
  }
}
