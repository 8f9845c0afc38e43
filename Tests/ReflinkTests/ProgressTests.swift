import Foundation
import Reflink
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// How far a copy is, for tasks and for threads that ask.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct ProgressTests {
  @Test(arguments: [CopyOptions.Cloning.preferred, .never])
  func oneFileKnowsItsSizeAndEndsWithAllOfIt(_ cloning: CopyOptions.Cloning) async throws {
    try await withDirectory(on: .ext4) { directory in
      try directory.fill("a", 96 << 20)
      let controller = CopyController()
      async let copied = copyFile(
        directory.file("a"), to: directory.file("b"), options: CopyOptions(cloning: cloning),
        controller: controller)
      var seen: [CopyProgress] = []
      for await progress in controller.updates() { seen.append(progress) }
      #expect(try await copied.total == 96 << 20)
      let last = try #require(seen.last)
      #expect(last.isFinished)
      #expect(last.bytesDone == 96 << 20)
      #expect(last.bytesExpected == 96 << 20)
      #expect(last.filesDone == 1)
      #expect(last.filesExpected == 1)
      #expect(last.fraction == 1)
      // Honest: never back, never more than there is.
      #expect(zip(seen, seen.dropFirst()).allSatisfy { $0.bytesDone <= $1.bytesDone })
      #expect(seen.allSatisfy { $0.bytesDone <= 96 << 20 })
      #expect(controller.progress == last)
    }
  }

  @Test(arguments: [TestFileSystem.xfs, .btrfs])
  func oneWholeCloneShowsHowFarItIs(_ system: TestFileSystem) async throws {
    let isMet = try await meetsUnderWay { factor in
      try await withDirectory(on: system) { directory in
        let size = 30_000 * 8192 * Int64(factor)
        try directory.makeFragmented("a", extents: 30_000 * factor)
        let controller = CopyController()
        let seen = Mutex<Set<Int64>>([])
        let outcome = try whileWatched {
          let done = controller.progress.bytesDone
          seen.withLock { _ = $0.insert(done) }
          usleep(1000)
        } _: {
          try syncClone(directory.file("a"), directory.file("b"), controller: controller)
        }
        #expect(outcome.execution == .helper)
        #expect(seen.withLock { $0.max() ?? 0 } <= size)
        #expect(controller.progress.bytesDone == size)
        #expect(controller.progress.currentPath == directory.file("a"))
        // Beside nothing and all.
        return seen.withLock { $0.count } > 2
      }
    }
    #expect(isMet)
  }

  @Test func aTreeWithAPlanKnowsTheWhole() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell(
        """
        mkdir -p s/d; for i in {1..400}; do head -c 5000 /dev/urandom > s/d/f$i; done
        ln s/d/f1 s/d/hard; truncate -s 1M s/hole
        """, in: directory.path)
      let plan = try await planTree(directory.file("s"))
      #expect(plan.files == 401)
      #expect(plan.hardLinks == 1)
      #expect(plan.directories == 2)
      #expect(plan.bytes == 400 * 5000 + (1 << 20))
      let controller = CopyController()
      async let copied = copyTree(
        directory.file("s"), to: directory.file("t"), plan: plan, controller: controller)
      var last: CopyProgress?
      for await progress in controller.updates() { last = progress }
      let outcome = try await copied
      #expect(last?.bytesDone == plan.bytes)
      #expect(last?.bytesExpected == plan.bytes)
      #expect(last?.filesDone == plan.files)
      #expect(last?.filesExpected == plan.files)
      #expect(outcome.total == plan.bytes)
      // Without one, nobody counted.
      let blind = CopyController()
      try syncCopyTree(directory.file("s"), directory.file("u"), controller: blind)
      #expect(blind.progress.bytesExpected == nil)
      #expect(blind.progress.bytesDone == plan.bytes)
    }
  }

  @Test func updatesAreAtMostTwentyASecondAndEndAtOnce() async throws {
    try await withDirectory(on: .ext4) { directory in
      // A copy that lasts as long as this test wants: from a pipe.
      try await shell("mkfifo p", in: directory.path)
      let options = CopyOptions(preserving: .nothing, specialFiles: .readContents)
      let controller = CopyController()
      async let copied = copyFile(
        directory.file("p"), to: directory.file("b"), options: options, controller: controller)
      async let fed = shell(
        "exec > p; for i in {1..10}; do echo x; sleep 0.1; done", in: directory.path)
      let begun = ContinuousClock.now
      var count = 0
      for await _ in controller.updates(every: .zero) { count += 1 }
      let taken = ContinuousClock.now - begun
      _ = try await (copied, fed)
      // The first at once, the last at the end, one per 50 ms between.
      #expect(count <= Int(taken / .milliseconds(50)) + 2)
      #expect(count >= 2)
    }
  }

  @Test func aListenerThatIsCancelledGoesAndTheCopyDoesNot() async throws {
    try await withDirectory(on: .ext4) { directory in
      // It lasts until this test writes to the pipe.
      try await shell("mkfifo p", in: directory.path)
      let options = CopyOptions(preserving: .nothing, specialFiles: .readContents)
      let controller = CopyController()
      let copying = Task.detached {
        try await copyFile(
          directory.file("p"), to: directory.file("b"), options: options, controller: controller)
      }
      while !directory.exists("b") { try await Task.sleep(for: .milliseconds(1)) }
      let listener = Task.detached {
        var count = 0
        for await _ in controller.updates(every: .seconds(3600)) { count += 1 }
        return count
      }
      while controller.progress.currentPath == nil { try await Task.sleep(for: .milliseconds(1)) }
      listener.cancel()
      #expect(await listener.value <= 1)
      #expect(!controller.progress.isFinished)
      try await shell("echo data > p", in: directory.path)
      let outcome = try await copying.value
      #expect(outcome.copied == 5)
      #expect(controller.progress.isFinished)
    }
  }

  /// Also where nothing was begun: options that exclude each other, a closed descriptor.
  @Test func whatIsRefusedAtOnceEndsTheSequence() async throws {
    try await withDirectory(on: .xfs) { directory in
      try directory.fill("a", 10)
      let controller = CopyController()
      async let refused: Void = {
        let options = CopyOptions(cloning: .required, holes: .detect)
        _ = try? await copyFile(
          directory.file("a"), to: directory.file("b"), options: options, controller: controller)
      }()
      for await _ in controller.updates() {}
      await refused
      let other = CopyController()
      async let bad: Void = {
        let closed = FileDescriptor(rawValue: 9999)
        _ = try? await copyTree(closed, to: closed, controller: other)
      }()
      for await _ in other.updates() {}
      await bad
      #expect(try directory.names() == ["a"])
    }
  }

  /// One controller for planning and for copying.
  @Test func planningIsNotTheEnd() async throws {
    try await withDirectory(on: .ext4) { directory in
      try await shell(
        "mkdir s; for i in {1..50}; do head -c 1M /dev/urandom >s/$i; done", in: directory.path)
      let controller = CopyController()
      let plan = try await planTree(directory.file("s"), controller: controller)
      #expect(!controller.progress.isFinished)
      async let copied = copyTree(
        directory.file("s"), to: directory.file("t"), plan: plan, controller: controller)
      var seen: [CopyProgress] = []
      for await progress in controller.updates() { seen.append(progress) }
      #expect(try await copied.files == 50)
      #expect(seen.last?.isFinished == true)
      #expect(seen.last?.fraction == 1)
      #expect(seen.allSatisfy { $0.bytesExpected == plan.bytes || $0.bytesExpected == nil })

      // A plan that fails is one: nothing follows.
      let other = CopyController()
      async let failed: Void = {
        _ = try? await planTree(directory.file("missing"), controller: other)
      }()
      for await _ in other.updates() {}
      await failed
    }
  }

  @Test func whatIsSkippedIsDealtWith() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell(
        "mkdir s; for i in {1..20}; do head -c 100K /dev/urandom >s/$i; done; cp -a s t; rm t/7",
        in: directory.path)
      for rule in [ExistingRule.replaceIfDifferent, .replaceIfNewer, .skip] {
        let controller = CopyController()
        let plan = try await planTree(directory.file("s"))
        let outcome = try await copyTree(
          directory.file("s"), to: directory.file("t"), ifExists: rule, plan: plan,
          controller: controller)
        #expect(outcome.bytesSkipped + outcome.total == 20 * 100 * 1024)
        #expect(controller.progress.bytesSkipped == outcome.bytesSkipped)
        #expect(controller.progress.fraction == 1)
      }
    }
  }

  /// Files that are added one by one make the whole larger; what is told does not run backwards.
  @Test func theFractionNeverRunsBackwards() async throws {
    try await withDirectory(on: .ext4) { directory in
      try directory.fill("a", 1 << 20)
      let controller = CopyController()
      var last = 0.0
      for index in 0..<10 {
        _ = try await copyFile(
          directory.file("a"), to: directory.file("b\(index)"), controller: controller)
        let fraction = try #require(controller.progress.fraction)
        #expect(fraction >= last)
        last = fraction
      }
    }
  }

  @Test func anErrorEndsTheSequenceToo() async throws {
    try await withDirectory(on: .xfs) { directory in
      let controller = CopyController()
      async let failed: Void = {
        _ = try? await copyFile(
          directory.file("none"), to: directory.file("b"), controller: controller)
      }()
      for await progress in controller.updates() where progress.isFinished {
        #expect(progress.bytesDone == 0)
      }
      await failed
    }
  }
}
