import Foundation
import Reflink
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// Directories with all that is in them.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct TreeTests {
  @Test(arguments: TestFileSystem.all)
  func accountsForEveryEntry(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try await shell(
        """
        mkdir -p s/d/e s/empty; head -c 10000 /dev/urandom > s/f; ln s/f s/d/hard; ln s/f s/d/e/hard2
        ln -s f s/link; ln -s nowhere s/d/dangling; mkfifo s/fifo; truncate -s 1M s/hole
        """, in: directory.path)
      let told = Mutex<[EntryOutcome]>([])
      let outcome = try syncCopyTree(
        directory.file("s"), directory.file("t"),
        listener: { entry, _, _ in told.withLock { $0.append(entry) } })
      #expect(outcome.files == 2)
      #expect(outcome.hardLinks == 2)
      #expect(outcome.directories == 4)
      #expect(outcome.symbolicLinks == 2)
      #expect(outcome.specialFiles == 1)
      #expect(outcome.failures == 0)
      #expect(
        outcome.cloned + outcome.offloaded + outcome.copied + outcome.holes == 10_000 + (1 << 20))
      #expect(told.withLock { $0.count } == 11)
      let first = try directory.status("t/f")
      #expect(first.st_nlink == 3)
      #expect(try directory.status("t/d/hard").st_ino == first.st_ino)
      #expect(try directory.status("t/d/e/hard2").st_ino == first.st_ino)
      try await shell(
        "diff -r --no-dereference s t 2>&1 | grep -v 'is a fifo' | (! grep .)", in: directory.path)
    }
  }

  @Test func hardLinksMayBeSplit() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell("mkdir s; echo x > s/a; ln s/a s/b", in: directory.path)
      var options = CopyOptions()
      options.preserving.hardLinks = false
      #expect(try syncCopyTree(directory.file("s"), directory.file("t"), options).files == 2)
      #expect(try directory.status("t/a").st_ino != directory.status("t/b").st_ino)
    }
  }

  @Test func aDirectoryIsNotCopiedIntoItself() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell("mkdir -p s/deep; echo x > s/a; echo y > s/deep/b", in: directory.path)
      let error = failure { try syncCopyTree(directory.file("s"), directory.file("s/deep/t")) }
      #expect(error?.operation == .refuse(.intoItself))
      let same = failure {
        try syncCopyTree(directory.file("s"), directory.file("s"), CopyOptions(), .replace)
      }
      #expect(same?.code == .sameFile)
    }
  }

  @Test(arguments: [ExistingRule.skip, .replace])
  func aLinkToADirectoryInTheDestinationLeadsNowhere(_ rule: ExistingRule) async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell("mkdir -p s/d out t; echo x > s/d/f; ln -s ../out t/d", in: directory.path)
      let error = failure {
        try syncCopyTree(directory.file("s"), directory.file("t"), CopyOptions(), rule)
      }
      #expect(error?.operation == .refuse(.directoryOverFile))
      #expect(!directory.exists("out/f"))
    }
  }

  @Test func aFollowedLinkThatLeadsBackIsRefused() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell(
        "mkdir -p s/d; echo x > s/d/f; ln -s .. s/d/up; ln -s d s/again", in: directory.path)
      let told = Mutex<[ReflinkError.Operation]>([])
      let outcome = try syncCopyTree(
        directory.file("s"), directory.file("t"), CopyOptions(symbolicLinks: .follow),
        onFailure: .continue(report: { error in told.withLock { $0.append(error.operation) } }))
      // Twice: s/again is s/d once more, which is no cycle.
      #expect(told.withLock { $0 } == [.refuse(.cyclicLink), .refuse(.cyclicLink)])
      // Met twice, the file has two names in the copy.
      #expect(outcome.files == 1)
      #expect(outcome.hardLinks == 1)
    }
  }

  @Test func rulesForNamesThatAreTaken() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell(
        "mkdir -p s/d t/d; echo new > s/d/a; echo old > t/d/a; echo kept > t/d/b; ln -s x s/l; ln -s y t/l",
        in: directory.path)
      let fail = failure { try syncCopyTree(directory.file("s"), directory.file("t")) }
      #expect(fail?.operation == .refuse(.exists))
      let skipped = try syncCopyTree(directory.file("s"), directory.file("t"), CopyOptions(), .skip)
      #expect(skipped.skipped == 2)
      #expect(try directory.read("t/d/a") == Array("old\n".utf8))
      let replaced = try syncCopyTree(
        directory.file("s"), directory.file("t"), CopyOptions(), .replace)
      #expect(replaced.files == 1)
      #expect(try directory.read("t/d/a") == Array("new\n".utf8))
      #expect(try directory.read("t/d/b") == Array("kept\n".utf8))
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: directory["t/l"]) == "x")
    }
  }

  @Test func oneFailureStopsOrIsToldAndTheRestIsCopied() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell(
        "mkdir s t; for i in 1 2 3; do echo $i > s/$i; done; mkdir t/2; echo x > t/2/y",
        in: directory.path)
      let error = failure {
        try syncCopyTree(directory.file("s"), directory.file("t"), CopyOptions(), .replace)
      }
      #expect(error?.operation == .refuse(.fileOverDirectory))
      let told = Mutex<[ReflinkError]>([])
      let outcome = try syncCopyTree(
        directory.file("s"), directory.file("t"), CopyOptions(), .replace,
        onFailure: .continue(report: { error in told.withLock { $0.append(error) } }))
      #expect(outcome.failures == 1)
      #expect(outcome.files == 2)
      #expect(told.withLock { $0.map(\.destination) } == [directory.file("t/2")])
    }
  }

  @Test func namesNeedNotBeText() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell(
        """
        mkdir s; cd s; printf x > "$(printf 'n\\377\\376\\nx')"; printf y > -dash; printf z > "$(printf 'n%.0s' {1..255})"
        """, in: directory.path)
      #expect(try syncCopyTree(directory.file("s"), directory.file("t")).files == 3)
      try await shell("diff -r s t", in: directory.path)
    }
  }

  @Test func aFlatDirectoryOfManyNames() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell(
        "mkdir s; cd s; for i in {1..3000}; do echo $i > file-with-a-longer-name-$i; done",
        in: directory.path)
      #expect(try syncCopyTree(directory.file("s"), directory.file("t")).files == 3000)
      try await shell("diff -r s t", in: directory.path)
    }
  }

  @Test func cancellingATreeEndsIt() async throws {
    let isMet = try await meetsUnderWay { factor in
      try await withDirectory(on: .ext4) { directory in
        try await shell(
          "mkdir s; for i in {1..\(40 * factor)}; do head -c 4M /dev/zero > s/$i; done",
          in: directory.path)
        let controller = CopyController()
        let failed = failure {
          try whileWatched {
            if controller.progress.bytesDone >= 10 << 20 { controller.cancel() }
          } _: {
            _ = try syncCopyTree(
              directory.file("s"), directory.file("t"), CopyOptions(cloning: .never),
              onFailure: .continue(report: { _ in }), controller: controller)
          }
        }
        guard let error = failed else { return false }
        #expect(error.code == .cancelled)
        // What is there is whole: the file that was being copied was removed.
        for name in try FileManager.default.contentsOfDirectory(atPath: directory["t"]) {
          #expect(try directory.status("t/\(name)").st_size == 4 << 20)
        }
        return true
      }
    }
    #expect(isMet)
  }
}
