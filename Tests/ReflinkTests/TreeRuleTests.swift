import Foundation
import Reflink
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// What becomes of names that are taken.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct TreeRuleTests {
  @Test func updatesWhatIsOlder() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell(
        """
        mkdir s t; for f in older same cut newer killed new; do echo source > s/$f; done
        for f in older same newer; do echo before > t/$f; done; echo cut > t/cut; echo sou > t/killed
        touch -d 2020-01-01 s/* t/*; touch -d 2019-01-01 t/older
        touch -d 2021-01-01 t/newer t/killed
        """, in: directory.path)
      let told = Mutex<[String: EntryOutcome.Skipped]>([:])
      let outcome = try syncCopyTree(
        directory.file("s"), directory.file("t"), CopyOptions(), .replaceIfNewer
      ) { outcome, source, _ in
        if case .skipped(let what) = outcome {
          told.withLock { $0[source.lastComponent?.string ?? ""] = what }
        }
      }
      #expect(outcome.files == 3)
      #expect(outcome.skipped == 3)
      #expect(
        try await shell("cd t; cat newer older same cut killed new", in: directory.path)
          == "before\nsource\nbefore\nsource\nsou\nsource\n")
      // What a copy that was killed has left is newer: it is kept, and told.
      #expect(outcome.keptDifferent == 1)
      #expect(outcome.bytesSkipped == 3 * 7)
      let same = EntryOutcome.Skipped(bytes: 7, type: .regular)
      #expect(
        told.withLock { $0 } == [
          "newer": same, "same": same,
          "killed": EntryOutcome.Skipped(bytes: 7, type: .regular, isDifferent: true),
        ])
    }
  }

  @Test(arguments: [TestFileSystem.xfs, .ext4])
  func replacesWhatIsDifferent(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try await shell(
        """
        mkdir s; for f in same older newer cut; do echo source > s/$f; done; ln -s same s/link
        touch -hd '2020-01-01 00:00:00.123456789' s/*; cp -a s t
        for f in older newer; do echo before > t/$f; done; echo sou > t/cut
        touch -d 2019-01-01 t/older; touch -d 2021-01-01 t/newer t/cut
        """, in: directory.path)
      let before = try directory.status("t/same")
      let first = try syncCopyTree(
        directory.file("s"), directory.file("t"), CopyOptions(), .replaceIfDifferent)
      #expect(first.files == 3)
      #expect(first.skipped == 2)
      #expect(try directory.status("t/same").st_ino == before.st_ino)
      #expect(
        try await shell("cd t; cat newer older same cut", in: directory.path)
          == String(repeating: "source\n", count: 4))
      // And then nothing.
      let second = try syncCopyTree(
        directory.file("s"), directory.file("t"), CopyOptions(), .replaceIfDifferent)
      #expect(second.files == 0)
      #expect(second.skipped == 5)
      #expect(second.bytesSkipped == 4 * 7)
    }
  }

  @Test func aFunctionDecides() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell(
        """
        mkdir -p s/d t/d; for f in small large d/x; do echo source > s/$f; echo old > t/$f; done
        head -c 9000 /dev/urandom > s/large; ln t/small t/other; echo only > s/d/new
        """, in: directory.path)
      // Overwrites small files in place, leaves large ones, and makes no new ones.
      let outcome = try syncCopyTree(
        directory.file("s"), directory.file("t"), CopyOptions(),
        .policy { facts in
          guard case .exists = facts.destination else {
            return facts.source.type == .directory || facts.source.size != 5 ? .create : .skip
          }
          return facts.source.size > 4096 && facts.source.type == .regular ? .skip : .overwrite
        })
      #expect(outcome.files == 2)
      #expect(outcome.skipped == 2)
      #expect(
        try await shell("cat t/small t/other t/d/x; head -c 3 t/large; ls t/d", in: directory.path)
          == "source\nsource\nsource\noldx\n")
    }
  }

  @Test(arguments: [CopyOptions.Publication.inPlace, .temporary])
  func whatIsThereIsLeftOutOrRefusedAsDecided(_ publication: CopyOptions.Publication) async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell(
        """
        mkdir -p s/d t/d; echo new > s/d/x; echo new > s/f; echo old > t/f; chmod 700 s/d
        chmod 755 t/d
        """, in: directory.path)
      let options = CopyOptions(publication: publication)
      let skipping = try syncCopyTree(
        directory.file("s"), directory.file("t"), options,
        .policy { facts in
          guard case .exists = facts.destination, !facts.isOperand else {
            return facts.destination == .unseen ? .create : .overwrite
          }
          return .skip
        })
      // A directory that is left out is left as it is, with all that is in it.
      #expect(skipping.skipped == 2)
      #expect(!directory.exists("t/d/x"))
      #expect(try directory.status("t/d").st_mode & 0o777 == 0o755)
      for name in ["d", "f"] {
        let error = failure {
          try syncCopyTree(
            directory.file("s/\(name)"), directory.file("t/\(name)"), options,
            .policy { _ in .create })
        }
        #expect(error?.code == .exists, "\(name)")
      }
      #expect(try await shell("cat t/f", in: directory.path) == "old\n")
    }
  }

  @Test func failuresStopAreToldOrCollected() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell(
        "mkdir s t; for i in {1..9}; do echo $i > s/$i; done; mkdir t/3 t/7", in: directory.path)
      let stopped = failure {
        try syncCopyTree(directory.file("s"), directory.file("t"), CopyOptions(), .replace)
      }
      #expect(stopped?.operation == .refuse(.fileOverDirectory))
      let collected = try syncCopyTree(
        directory.file("s"), directory.file("t"), CopyOptions(), .replace, onFailure: .collect)
      #expect(collected.failures == 2)
      #expect(
        Set(collected.errors.compactMap(\.destination)) == [
          directory.file("t/3"), directory.file("t/7"),
        ])
      #expect(collected.files == 7)
      let told = Mutex<[ReflinkError]>([])
      let async = try await copyTree(
        directory.file("s"), to: directory.file("t"), ifExists: .replace,
        onFailure: .continue { error in told.withLock { $0.append(error) } })
      #expect(async.failures == 2)
      #expect(told.withLock { $0.count } == 2)
      #expect(async.errors.isEmpty)
      // Each error reads as a sentence with both names.
      #expect(
        collected.errors.map(\.description).sorted().first
          == "cannot overwrite directory \(directory["t/3"]) with \(directory["s/3"]), not a directory"
      )
    }
  }

  // MARK: - A tree that gets its name when it is complete

  @Test(arguments: TestFileSystem.all, [CopyOptions.Publication.unnamed, .temporary])
  func aTreeIsPublishedWhole(_ system: TestFileSystem, _ publication: CopyOptions.Publication)
    async throws
  {
    try await withDirectory(on: system) { directory in
      try await shell(
        "mkdir -p s/d; echo x > s/d/x; ln s/d/x s/y; chmod 555 s/d", in: directory.path)
      let options = CopyOptions(publication: publication)
      let outcome = try syncCopyTree(directory.file("s"), directory.file("t"), options)
      #expect(outcome.files == 1)
      #expect(outcome.hardLinks == 1)
      try await shell("diff -r s t; [ t/y -ef t/d/x ]", in: directory.path)
      let status = try directory.status("t/d")
      #expect(status.st_mode & 0o777 == 0o555)
      #expect(try directory.names() == ["s", "t"])
      // A failure removes what was made, here asynchronously.
      try await shell(
        "mkdir u; cp -r s u/deep; ln -s /nowhere/at/all u/deep/d/l", in: directory.path)
      let failing = Task.detached {
        try await copyTree(
          directory.file("u"), to: directory.file("v"),
          options: CopyOptions(symbolicLinks: .follow, publication: publication))
      }
      #expect(await failing.failure?.code == .notFound)
      #expect(try directory.names() == ["s", "t", "u"])
    }
  }

  /// FUSE has neither unnamed files nor RENAME_NOREPLACE.
  @Test(arguments: [CopyOptions.Publication.unnamed, .temporary])
  func withoutRenameNoReplaceFilesAreLinkedAndTreesRefused(
    _ publication: CopyOptions.Publication
  ) async throws {
    try await withDirectory(on: .fuse) { directory in
      try await shell("echo x > a; mkdir s; echo y > s/y", in: directory.path)
      let options = CopyOptions(publication: publication)
      try syncCopy(directory.file("a"), directory.file("b"), options)
      #expect(try directory.read("b") == directory.read("a"))
      // Not the number of links: FUSE may tell that of a moment ago.
      #expect(try directory.names() == ["a", "b", "s"])
      #expect(
        failure { try syncCopy(directory.file("a"), directory.file("b"), options) }?.code == .exists
      )
      let error = failure { try syncCopyTree(directory.file("s"), directory.file("t"), options) }
      #expect(error?.code == .notSupported(.renamesReplace))
      #expect(error?.operation == .publish)
      // Before anything was copied.
      #expect(error?.bytesDone == 0)
      #expect(try directory.names() == ["a", "b", "s"])
    }
  }

  /// Where cases are not told apart, one name of a tree finds another's file; or somebody else was there.
  @Test func whatIsInADirectoryThatWasJustMadeIsNotReplaced() async throws {
    try await withDirectory(on: .ext4) { directory in
      try await shell("mkdir s; echo new > s/a", in: directory.path)
      let taken = directory["t/a"]
      let error = failure {
        try syncCopyTree(directory.file("s"), directory.file("t"), CopyOptions(), .replace) {
          outcome, _, _ in
          guard case .directory(isNew: true) = outcome else { return }
          try? Data("other".utf8).write(to: URL(fileURLWithPath: taken))
        }
      }
      #expect(error?.code == .exists)
      #expect(error?.operation == .refuse(.justCreated))
      #expect(try directory.read("t/a") == Array("other".utf8))
      // A directory that was there is another thing.
      try syncCopyTree(directory.file("s"), directory.file("t"), CopyOptions(), .replace)
      #expect(try directory.read("t/a") == Array("new\n".utf8))
    }
  }

  @Test func aDeepTreeIsRemovedAgain() async throws {
    try await withDirectory(on: .xfs) { directory in
      // Deeper than a path may be long.
      try await shell(
        """
        mkdir s; cd s; for i in {1..250}; do
          mkdir n12345678901234567890 e; echo $i > f; cd -P n12345678901234567890
        done
        mkfifo p
        """, in: directory.path)
      let error = failure {
        try syncCopyTree(
          directory.file("s"), directory.file("t"), CopyOptions(publication: .temporary),
          .policy {
            $0.source.type == .fifo ? .refuse(.exists) : .create
          })
      }
      #expect(error?.code == .exists)
      #expect(try directory.names() == ["s"])
      // Another worker may hold on to what it had a moment longer.
      while try directory.openDescriptors() > 0 { try await Task.sleep(for: .milliseconds(1)) }
    }
  }

  /// Somebody may be using it.
  @Test(arguments: ["mkfifo", "mknod c 1 3", "socket"], [false, true])
  func aNodeIsNotReplacedByAFileUnlessThatIsAskedFor(_ node: String, updates: Bool) async throws {
    try await withDirectory(on: .xfs) { directory in
      let make =
        switch node {
        case "mkfifo": "mkfifo t/a"
        case "socket":
          "python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"t/a\")'"
        default: "mknod t/a c 1 3"
        }
      try await shell(
        "mkdir s t; echo new > s/a; \(make); touch -d 2001-01-01 t/a", in: directory.path)
      let before = try directory.status("t/a")
      let rule = updates ? ExistingRule.replaceIfNewer : .replace
      for body in [
        { _ = try syncCopyTree(directory.file("s"), directory.file("t"), CopyOptions(), rule) },
        { _ = try syncCopy(directory.file("s/a"), directory.file("t/a"), CopyOptions(), rule) },
      ] as [() throws -> Void] {
        let error = failure { try body() }
        #expect(error?.operation == .refuse(.fileOverSpecial))
        #expect(error?.code == .wrongType)
        #expect(try directory.status("t/a").st_ino == before.st_ino)
      }
      try syncCopyTree(directory.file("s"), directory.file("t"), CopyOptions(), .skip)
      let policy: EntryPolicy = { facts in
        facts.destination == .unseen
          ? .create : facts.source.type == .directory ? .overwrite : .replace
      }
      try syncCopyTree(directory.file("s"), directory.file("t"), CopyOptions(), .policy(policy))
      #expect(try directory.read("t/a") == Array("new\n".utf8))
    }
  }

  /// A copy that its file system gave a coarser time is as old as its source.
  @Test func aCoarserTimeIsNotOlder() async throws {
    try await withDirectory(on: .ext4) { directory in
      try await shell(
        """
        truncate -s 16M image; mkfs.ext4 -q -I 128 image; mkdir m s; mount -o loop image m
        echo 1 > s/a; touch -d '2020-01-01 00:00:00.987654321' s/a
        """, in: directory.path)
      do {
        let first = try syncCopyTree(
          directory.file("s"), directory.file("m/t"), CopyOptions(), .replaceIfNewer)
        #expect(first.files == 1)
        let second = try syncCopyTree(
          directory.file("s"), directory.file("m/t"), CopyOptions(), .replaceIfNewer)
        #expect(second.files == 0)
        #expect(second.skipped == 1)
      } catch {
        Issue.record(error)
      }
      try await shell("umount m", in: directory.path)
    }
  }
}
