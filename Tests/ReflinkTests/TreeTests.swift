import Foundation
import Reflink
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// Folders with all that is in them.
@Suite(.onFileSystems, .timeLimit(.minutes(8))) struct TreeTests {
  @Test(arguments: TestFileSystem.all)
  func accountsForEveryEntry(_ system: TestFileSystem) async throws {
    try await withFolder(on: system) { folder in
      try await shell(
        """
        mkdir -p s/d/e s/empty; head -c 10000 /dev/urandom > s/f; ln s/f s/d/hard; ln s/f s/d/e/hard2
        ln -s f s/link; ln -s nowhere s/d/dangling; mkfifo s/fifo; truncate -s 1M s/hole
        """, in: folder.path)
      let told = Mutex<[EntryOutcome]>([])
      let outcome = try syncCopyTree(
        folder.file("s"), folder.file("t"),
        listener: { entry, _, _ in told.withLock { $0.append(entry) } })
      #expect(outcome.files == 2)
      #expect(outcome.hardLinks == 2)
      #expect(outcome.folders == 4)
      #expect(outcome.symbolicLinks == 2)
      #expect(outcome.specials == 1)
      #expect(outcome.failures == 0)
      #expect(
        outcome.cloned + outcome.offloaded + outcome.copied + outcome.holes == 10_000 + (1 << 20))
      #expect(told.withLock { $0.count } == 11)
      let first = try folder.status("t/f")
      #expect(first.st_nlink == 3)
      #expect(try folder.status("t/d/hard").st_ino == first.st_ino)
      #expect(try folder.status("t/d/e/hard2").st_ino == first.st_ino)
      try await shell(
        "diff -r --no-dereference s t 2>&1 | grep -v 'is a fifo' | (! grep .)", in: folder.path)
    }
  }

  @Test func hardLinksMayBeSplit() async throws {
    try await withFolder(on: .xfs) { folder in
      try await shell("mkdir s; echo x > s/a; ln s/a s/b", in: folder.path)
      var options = CopyOptions()
      options.preserving.hardLinks = false
      #expect(try syncCopyTree(folder.file("s"), folder.file("t"), options).files == 2)
      #expect(try folder.status("t/a").st_ino != folder.status("t/b").st_ino)
    }
  }

  @Test func aFolderIsNotCopiedIntoItself() async throws {
    try await withFolder(on: .xfs) { folder in
      try await shell("mkdir -p s/deep; echo x > s/a; echo y > s/deep/b", in: folder.path)
      let error = failure { try syncCopyTree(folder.file("s"), folder.file("s/deep/t")) }
      #expect(error?.operation == .refuse(.intoItself))
      let same = failure {
        try syncCopyTree(folder.file("s"), folder.file("s"), CopyOptions(), .replace)
      }
      #expect(same?.code == .sameFile)
    }
  }

  @Test(arguments: [ExistingRule.skip, .replace])
  func aLinkToAFolderInTheDestinationLeadsNowhere(_ rule: ExistingRule) async throws {
    try await withFolder(on: .xfs) { folder in
      try await shell("mkdir -p s/d out t; echo x > s/d/f; ln -s ../out t/d", in: folder.path)
      let error = failure {
        try syncCopyTree(folder.file("s"), folder.file("t"), CopyOptions(), rule)
      }
      #expect(error?.operation == .refuse(.folderOverFile))
      #expect(!folder.exists("out/f"))
    }
  }

  @Test func aFollowedLinkThatLeadsBackIsRefused() async throws {
    try await withFolder(on: .xfs) { folder in
      try await shell(
        "mkdir -p s/d; echo x > s/d/f; ln -s .. s/d/up; ln -s d s/again", in: folder.path)
      let told = Mutex<[ReflinkError.Operation]>([])
      let outcome = try syncCopyTree(
        folder.file("s"), folder.file("t"), CopyOptions(symbolicLinks: .follow),
        onFailure: .goOn(tell: { error in told.withLock { $0.append(error.operation) } }))
      // Twice: s/again is s/d once more, which is no cycle.
      #expect(told.withLock { $0 } == [.refuse(.cyclicLink), .refuse(.cyclicLink)])
      // Met twice, the file has two names in the copy.
      #expect(outcome.files == 1)
      #expect(outcome.hardLinks == 1)
    }
  }

  @Test func rulesForNamesThatAreTaken() async throws {
    try await withFolder(on: .xfs) { folder in
      try await shell(
        "mkdir -p s/d t/d; echo new > s/d/a; echo old > t/d/a; echo kept > t/d/b; ln -s x s/l; ln -s y t/l",
        in: folder.path)
      let fail = failure { try syncCopyTree(folder.file("s"), folder.file("t")) }
      #expect(fail?.operation == .refuse(.exists))
      let skipped = try syncCopyTree(folder.file("s"), folder.file("t"), CopyOptions(), .skip)
      #expect(skipped.skipped == 2)
      #expect(try folder.read("t/d/a") == Array("old\n".utf8))
      let replaced = try syncCopyTree(folder.file("s"), folder.file("t"), CopyOptions(), .replace)
      #expect(replaced.files == 1)
      #expect(try folder.read("t/d/a") == Array("new\n".utf8))
      #expect(try folder.read("t/d/b") == Array("kept\n".utf8))
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: folder["t/l"]) == "x")
    }
  }

  @Test func oneFailureStopsOrIsToldAndTheRestIsCopied() async throws {
    try await withFolder(on: .xfs) { folder in
      try await shell(
        "mkdir s t; for i in 1 2 3; do echo $i > s/$i; done; mkdir t/2; echo x > t/2/y",
        in: folder.path)
      let error = failure {
        try syncCopyTree(folder.file("s"), folder.file("t"), CopyOptions(), .replace)
      }
      #expect(error?.operation == .refuse(.fileOverFolder))
      let told = Mutex<[ReflinkError]>([])
      let outcome = try syncCopyTree(
        folder.file("s"), folder.file("t"), CopyOptions(), .replace,
        onFailure: .goOn(tell: { error in told.withLock { $0.append(error) } }))
      #expect(outcome.failures == 1)
      #expect(outcome.files == 2)
      #expect(told.withLock { $0.map(\.destination) } == [folder.file("t/2")])
    }
  }

  @Test func namesNeedNotBeText() async throws {
    try await withFolder(on: .xfs) { folder in
      try await shell(
        """
        mkdir s; cd s; printf x > "$(printf 'n\\377\\376\\nx')"; printf y > -dash; printf z > "$(printf 'n%.0s' {1..255})"
        """, in: folder.path)
      #expect(try syncCopyTree(folder.file("s"), folder.file("t")).files == 3)
      try await shell("diff -r s t", in: folder.path)
    }
  }

  @Test func aFlatFolderOfManyNames() async throws {
    try await withFolder(on: .xfs) { folder in
      try await shell(
        "mkdir s; cd s; for i in {1..3000}; do echo $i > file-with-a-longer-name-$i; done",
        in: folder.path)
      #expect(try syncCopyTree(folder.file("s"), folder.file("t")).files == 3000)
      try await shell("diff -r s t", in: folder.path)
    }
  }

  @Test func cancellingATreeEndsIt() async throws {
    try await withFolder(on: .ext4) { folder in
      try await shell(
        "mkdir s; for i in {1..40}; do head -c 4M /dev/zero > s/$i; done", in: folder.path)
      let control = Control()
      let error = failure {
        try whileWatched {
          if control.progress.bytesDone >= 10 << 20 { control.cancel() }
        } _: {
          _ = try syncCopyTree(
            folder.file("s"), folder.file("t"), CopyOptions(cloning: .never),
            onFailure: .goOn(tell: { _ in }), control: control)
        }
      }
      #expect(error?.code == .cancelled)
      // What is there is whole: the file that was being copied was removed.
      for name in try FileManager.default.contentsOfDirectory(atPath: folder["t"]) {
        #expect(try folder.status("t/\(name)").st_size == 4 << 20)
      }
    }
  }
}
