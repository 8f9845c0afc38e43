import Foundation
import TestSupport
import Testing

/// What was just made is opened by its name to be given its attributes: something else may have that
/// name by then, and is left alone.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct JustMadeTests {
  @Test(
    arguments: TestFileSystem.main,
    [
      "mkfifo other; chown 1000 other", "mkfifo other; ln other another",
      "mkfifo other; sleep 2.5",
    ])
  func anotherNodeKeepsItsAttributes(_ system: TestFileSystem, _ other: String) async throws {
    try await withDirectory(on: system) { directory in
      let found = try await shell(
        """
        mkdir s d; mkfifo -m 666 s/f; chown 2000 s/f; \(other); chmod 600 other
        strace -f -o trace -e trace=mknodat,mknod -e inject=mknodat,mknod:delay_exit=5000000 \
          '\(BuiltCommand.path)' -aT s d 2>errors & p=$!
        until [ -e d/f ]; do :; done
        mv -f other d/f; wait $p; echo $?; stat -c '%a %u' d/f; wc -l < errors
        """, in: directory.path)
      let owner = other.contains("chown") ? 1000 : 0
      #expect(found == "1\n600 \(owner)\n1\n")
    }
  }

  @Test(arguments: TestFileSystem.main)
  func anothersDirectoryKeepsItsOwn(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      let found = try await shell(
        """
        mkdir -p s/sub d other; echo data > s/sub/f; chown -R 2000 s; chmod 777 s/sub
        chown 1000 other; chmod 700 other
        strace -f -o trace -e trace=mkdirat,mkdir -e inject=mkdirat,mkdir:delay_exit=5000000 \
          '\(BuiltCommand.path)' -aT s d 2>errors & p=$!
        until [ -e d/sub ]; do :; done
        rmdir d/sub; mv other d/sub; wait $p; echo $?; stat -c '%a %u' d/sub; ls d/sub
        """, in: directory.path)
      #expect(found == "1\n700 1000\n")
    }
  }
}
