import Foundation
import Reflink
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// Many files, each to a name of its own.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct BatchTests {
  @Test(arguments: TestFileSystem.main, [false, true])
  func copiesEach(_ system: TestFileSystem, _ isAsync: Bool) async throws {
    try await withDirectory(on: system) { directory in
      try await shell(
        """
        mkdir -p a/b c out/x out/y; for i in {1..50}; do echo $i >a/b/$i; echo c$i >c/$i; done
        ln -s 1 c/link; truncate -s 1M c/holes; mkfifo c/pipe
        """, in: directory.path)
      var pairs: [(source: FilePath, destination: FilePath)] = []
      for index in 1...50 {
        pairs.append((directory.file("a/b/\(index)"), directory.file("out/x/\(index)")))
        pairs.append((directory.file("c/\(index)"), directory.file("out/y/\(index)")))
      }
      for name in ["link", "holes", "pipe"] {
        pairs.append((directory.file("c/\(name)"), directory.file("out/\(name)")))
      }
      let told = Mutex<[FilePath]>([])
      let listener: @Sendable (EntryOutcome, FilePath, FilePath) -> Void = { _, _, destination in
        told.withLock { $0.append(destination) }
      }
      let outcome =
        isAsync
        ? try await copyFiles(pairs, onEntry: listener)
        : try Blocking.copyFiles(pairs, onEntry: listener)
      #expect(outcome.files == 101)
      #expect(outcome.symbolicLinks == 1 && outcome.specialFiles == 1)
      #expect(told.withLock { $0 } == pairs.map(\.destination))
      #expect(
        try await shell(
          """
          diff -r a/b out/x && diff -r --exclude=link --exclude=holes --exclude=pipe c out/y
          cmp c/holes out/holes; readlink out/link; stat -c %F out/pipe
          """, in: directory.path) == "1\nfifo\n")
    }
  }

  @Test func oneFailureEndsItOrIsCounted() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell("mkdir d; echo 1 >a; echo 2 >b; echo 3 >c; echo old >c2", in: directory.path)
      let pairs = [
        ("a", "a2"), ("missing", "m2"), ("d", "d2"), ("c", "c2"), ("b", "no/b2"), ("b", "b2"),
      ]
      .map { (source: directory.file($0.0), destination: directory.file($0.1)) }
      await #expect(throws: ReflinkError.self) { try await copyFiles(pairs) }
      #expect(!directory.exists("b2"))
      unlink(directory["a2"])
      let outcome = try await copyFiles(pairs, onFailure: .collect)
      #expect(outcome.files == 2)
      #expect(outcome.errors.map(\.code) == [.notFound, .wrongType, .exists, .notFound])
      #expect(outcome.errors[3].operation == .open(.destination))
      #expect(try directory.read("c2") == Array("old\n".utf8))
      #expect(try directory.read("b2") == Array("2\n".utf8))
    }
  }

  /// Relative paths belong to the moment of the call, and long files take turns.
  @Test func isAWholeCall() async throws {
    try await withDirectory(on: .xfs) { directory in
      try directory.write("b", [1])
      await #expect(processExitsWith: .success) { [directory = directory as TestDirectory] in
        limitThisProcess()
        let isMet = try await meetsUnderWay { factor in
          try directory.makeFragmented("a", extents: 30_000 * factor)
          for name in ["a2", "b2"] { unlink(directory[name]) }
          let controller = CopyController()
          let task = Task.detached {
            try await copyFiles(
              [
                (directory.file("b"), directory.file("b2")),
                (directory.file("a"), directory.file("a2")),
              ],
              options: CopyOptions(publication: .unnamed), controller: controller)
          }
          #expect(await becomesTrue { controller.progress.bytesDone > 1 })
          task.cancel()
          guard let error = await task.failure else { return false }
          #expect(error.code == .cancelled)
          #expect(try directory.names() == ["a", "b", "b2"])
          #expect(try await directory.settledDescriptors() == 0)
          return true
        }
        #expect(isMet)
      }
    }
  }

  /// Below a size that the caller chose, a copy's data is its own.
  @Test(arguments: [TestFileSystem.xfs, .btrfs])
  func smallFilesAreCopiedWhereThatIsAskedFor(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try directory.fill("small", 16_383)
      try directory.fill("large", 16_384)
      let options = CopyOptions(smallestClone: 16_384)
      let small = try await copyFile(
        directory.file("small"), to: directory.file("s2"), options: options)
      let large = try await copyFile(
        directory.file("large"), to: directory.file("l2"), options: options)
      #expect(small.method == .copied && small.clone == .avoided)
      #expect(large.method == .cloned)
      #expect(try directory.sharedBytes("small", "s2") == 0)
      #expect(try directory.read("small") == directory.read("s2"))
      // Required is required.
      let required = CopyOptions(cloning: .required, smallestClone: 16_384)
      #expect(
        try await copyFile(directory.file("small"), to: directory.file("s3"), options: required)
          .method == .cloned)
    }
  }
}
