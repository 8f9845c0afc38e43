import Foundation
import Reflink
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// How far a copy is, for tasks and for threads that ask.
@Suite(.onFileSystems, .timeLimit(.minutes(8))) struct ProgressTests {
  @Test(arguments: [Cloning.preferred, .never])
  func oneFileKnowsItsSizeAndEndsWithAllOfIt(_ cloning: Cloning) async throws {
    try await withFolder(on: .ext4) { folder in
      try folder.fill("a", 96 << 20)
      let control = Control()
      async let copied = copy(
        folder.file("a"), to: folder.file("b"), options: CopyOptions(cloning: cloning),
        control: control)
      var seen: [CopyProgress] = []
      for await progress in control.updates() { seen.append(progress) }
      #expect(try await copied.total == 96 << 20)
      let last = try #require(seen.last)
      #expect(last.isOver)
      #expect(last.bytesDone == 96 << 20)
      #expect(last.bytesExpected == 96 << 20)
      #expect(last.filesDone == 1)
      #expect(last.filesExpected == 1)
      #expect(last.fraction == 1)
      // Honest: never back, never more than there is.
      #expect(zip(seen, seen.dropFirst()).allSatisfy { $0.bytesDone <= $1.bytesDone })
      #expect(seen.allSatisfy { $0.bytesDone <= 96 << 20 })
      #expect(control.progress == last)
    }
  }

  @Test(arguments: [TestFileSystem.xfs, .btrfs])
  func oneWholeCloneShowsHowFarItIs(_ system: TestFileSystem) async throws {
    try await withFolder(on: system) { folder in
      try folder.makeFragmented("a", extents: 30_000)
      let control = Control()
      let seen = Mutex<Set<Int64>>([])
      let outcome = try whileWatched {
        let done = control.progress.bytesDone
        seen.withLock { _ = $0.insert(done) }
        usleep(1000)
      } _: {
        try syncClone(folder.file("a"), folder.file("b"), control: control)
      }
      #expect(outcome.execution == .helper)
      // Beside nothing and all.
      #expect(seen.withLock { $0.count } > 2)
      #expect(seen.withLock { $0.max() ?? 0 } <= 30_000 * 8192)
      #expect(control.progress.bytesDone == 30_000 * 8192)
      #expect(control.progress.currentPath == folder.file("a"))
    }
  }

  @Test func aTreeWithAPlanKnowsTheWhole() async throws {
    try await withFolder(on: .xfs) { folder in
      try await shell(
        """
        mkdir -p s/d; for i in {1..400}; do head -c 5000 /dev/urandom > s/d/f$i; done
        ln s/d/f1 s/d/hard; truncate -s 1M s/hole
        """, in: folder.path)
      let plan = try await planTree(folder.file("s"))
      #expect(plan.files == 401)
      #expect(plan.hardLinks == 1)
      #expect(plan.folders == 2)
      #expect(plan.bytes == 400 * 5000 + (1 << 20))
      let control = Control()
      async let copied = copyTree(
        folder.file("s"), to: folder.file("t"), plan: plan, control: control)
      var last: CopyProgress?
      for await progress in control.updates() { last = progress }
      let outcome = try await copied
      #expect(last?.bytesDone == plan.bytes)
      #expect(last?.bytesExpected == plan.bytes)
      #expect(last?.filesDone == plan.files)
      #expect(last?.filesExpected == plan.files)
      #expect(outcome.total == plan.bytes)
      // Without one, nobody counted.
      let blind = Control()
      try syncCopyTree(folder.file("s"), folder.file("u"), control: blind)
      #expect(blind.progress.bytesExpected == nil)
      #expect(blind.progress.bytesDone == plan.bytes)
    }
  }

  @Test func updatesAreAtMostTwentyASecondAndEndAtOnce() async throws {
    try await withFolder(on: .ext4) { folder in
      // A copy that lasts as long as this test wants: from a pipe.
      try await shell("mkfifo p", in: folder.path)
      let options = CopyOptions(preserving: .nothing, specialFiles: .readContents)
      let control = Control()
      async let copied = copy(
        folder.file("p"), to: folder.file("b"), options: options, control: control)
      async let fed = shell(
        "exec > p; for i in {1..10}; do echo x; sleep 0.1; done", in: folder.path)
      let begun = ContinuousClock.now
      var count = 0
      for await _ in control.updates(every: .zero) { count += 1 }
      let taken = ContinuousClock.now - begun
      _ = try await (copied, fed)
      // The first at once, the last at the end, one per 50 ms between.
      #expect(count <= Int(taken / .milliseconds(50)) + 2)
      #expect(count >= 2)
    }
  }

  @Test func aListenerThatIsCancelledGoesAndTheCopyDoesNot() async throws {
    try await withFolder(on: .ext4) { folder in
      // It lasts until this test writes to the pipe.
      try await shell("mkfifo p", in: folder.path)
      let options = CopyOptions(preserving: .nothing, specialFiles: .readContents)
      let control = Control()
      let copying = Task.detached {
        try await copy(folder.file("p"), to: folder.file("b"), options: options, control: control)
      }
      while !folder.exists("b") { try await Task.sleep(for: .milliseconds(1)) }
      let listener = Task.detached {
        var count = 0
        for await _ in control.updates(every: .seconds(3600)) { count += 1 }
        return count
      }
      while control.progress.currentPath == nil { try await Task.sleep(for: .milliseconds(1)) }
      listener.cancel()
      #expect(await listener.value <= 1)
      #expect(!control.progress.isOver)
      try await shell("echo data > p", in: folder.path)
      let outcome = try await copying.value
      #expect(outcome.copied == 5)
      #expect(control.progress.isOver)
    }
  }

  /// Also where nothing was begun: options that exclude each other, a closed descriptor.
  @Test func whatIsRefusedAtOnceEndsTheSequence() async throws {
    try await withFolder(on: .xfs) { folder in
      try folder.fill("a", 10)
      let control = Control()
      async let refused: Void = {
        let options = CopyOptions(cloning: .required, holes: .detect)
        _ = try? await copy(
          folder.file("a"), to: folder.file("b"), options: options, control: control)
      }()
      for await _ in control.updates() {}
      await refused
      let other = Control()
      async let bad: Void = {
        let closed = FileDescriptor(rawValue: 9999)
        _ = try? await copyTree(closed, to: closed, control: other)
      }()
      for await _ in other.updates() {}
      await bad
      #expect(try folder.names() == ["a"])
    }
  }

  @Test func anErrorEndsTheSequenceToo() async throws {
    try await withFolder(on: .xfs) { folder in
      let control = Control()
      async let failed: Void = {
        _ = try? await copy(folder.file("none"), to: folder.file("b"), control: control)
      }()
      for await progress in control.updates() where progress.isOver {
        #expect(progress.bytesDone == 0)
      }
      await failed
    }
  }
}
