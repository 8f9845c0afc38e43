import Foundation
import Reflink
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// A thread that blocks on a tree does that tree's work, and nobody else's.
@Suite(.onFileSystems, .timeLimit(.minutes(20)), .serialized) struct BlockingCallerTests {
  /// While the only file of the tree `s` is cloned in its helper, the caller has nothing to do.
  private func withLongTree(_ body: (TestDirectory) async throws -> Void) async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell("mkdir s", in: directory.path)
      try directory.makeFragmented("s/a", extents: 12_000)
      try await body(directory)
    }
  }

  @Test func whatWasSubmittedMeanwhileOutlivesIt() async throws {
    try await withLongTree { directory in
      await #expect(processExitsWith: .success) { [directory = directory as TestDirectory] in
        limitThisProcess()
        // Nothing asynchronous has run in this process: no thread of the queue is there.
        let tree = onThread { try syncCopyTree(directory.file("s"), directory.file("t")) }
        #expect(await becomesTrue { directory.exists("t/a") })
        let pipe = try FileDescriptor.pipe()
        let waiting = Task.detached { try await copyFrom(pipe.readEnd, directory.file("b")) }
        let outcome = try await tree.value
        #expect(outcome.files == 1)
        try pipe.writeEnd.writeAll([1, 2, 3])
        try pipe.writeEnd.close()
        #expect(await ends(waiting))
        #expect(try directory.read("b") == [1, 2, 3])
      }
    }
  }

  @Test(arguments: [1, BusyWorkers.count])
  func endlessCopiesOfOthersDoNotKeepIt(_ count: Int) async throws {
    try await withLongTree { directory in
      await #expect(processExitsWith: .success) {
        [directory = directory as TestDirectory, count = count as Int] in
        limitThisProcess(seconds: 300)
        // Who takes what depends on the moment.
        for round in 0..<8 {
          let copied = "t\(round)"
          let tree = onThread { try syncCopyTree(directory.file("s"), directory.file(copied)) }
          #expect(await becomesTrue { directory.exists("\(copied)/a") })
          let busy = try await BusyWorkers.started(count)
          #expect(await ends(tree))
          #expect(busy.areBusy)
          await busy.stop()
          #expect(try await tree.value.files == 1)
        }
      }
    }
  }

  @Test func clonesOfOthersOutliveItsThread() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell("mkdir s", in: directory.path)
      try directory.makeFragmented("s/a", extents: 2200)
      try directory.makeFragmented("long", extents: 12_000)
      await #expect(processExitsWith: .success) { [directory = directory as TestDirectory] in
        limitThisProcess()
        for round in 0..<3 {
          let trees = (0..<3).map { tree in
            onThread {
              try syncCopyTree(directory.file("s"), directory.file("t\(round)-\(tree)"))
            }
          }
          let clones = (0..<12).map { index in
            Task.detached {
              try await copyFile(directory.file("long"), to: directory.file("b\(round)-\(index)"))
            }
          }
          for tree in trees { _ = try await tree.value }
          for clone in clones {
            // Nobody cancelled anything.
            if let error = await clone.failure { Issue.record("\(error)") }
          }
        }
      }
    }
  }

  @Test func callbacksOfOthersAreNotCalledOnItsThread() async throws {
    try await withLongTree { directory in
      try await shell(
        "mkdir -p o/{1..40}; for d in o/*; do touch $d/{1..50}; done", in: directory.path)
      await #expect(processExitsWith: .success) { [directory = directory as TestDirectory] in
        limitThisProcess()
        let caller = Atomic<UInt>(0)
        let tree = onThread {
          caller.store(UInt(pthread_self()), ordering: .relaxed)
          return try syncCopyTree(directory.file("s"), directory.file("t"))
        }
        #expect(await becomesTrue { directory.exists("t/a") })
        let threads = Mutex<Set<UInt>>([])
        let policy: EntryPolicy = { _ in
          threads.withLock { _ = $0.insert(UInt(pthread_self())) }
          return .create
        }
        for round in 0..<3 {
          _ = try await copyTree(
            directory.file("o"), to: directory.file("p\(round)"), ifExists: .policy(policy)
          ) { _, _, _ in
            threads.withLock { _ = $0.insert(UInt(pthread_self())) }
          }
        }
        _ = try await tree.value
        let callers = caller.load(ordering: .relaxed)
        #expect(!threads.withLock { $0.contains(callers) })
      }
    }
  }

  /// File servers give their threads the rights of users, one by one.
  @Test(arguments: [false, true])
  func allFilesAreMadeWithItsRights(_ isWarm: Bool) async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell(
        """
        mkdir -p s/{1..40}; for d in s/*; do touch $d/{1..100}; done
        mkdir t; chmod 777 t
        """, in: directory.path)
      await #expect(processExitsWith: .success) {
        [directory = directory as TestDirectory, isWarm = isWarm as Bool] in
        limitThisProcess()
        if isWarm {
          // Starts the shared threads, as root.
          let busy = try await BusyWorkers.started()
          await busy.stop()
        }
        let options = CopyOptions(preserving: .nothing)
        let error = await asUser(65534) {
          failure { try syncCopyTree(directory.file("s"), directory.file("t/u"), options) }
        }
        #expect(error == nil)
        let others = try await shell(
          "find t/u ! -user 65534 | wc -l; find t/u | wc -l", in: directory.path)
        #expect(others == "0\n4041\n")
      }
    }
  }
}

/// What can be read from a pipe, into a new file.
private func copyFrom(_ pipe: FileDescriptor, _ path: FilePath) async throws {
  let file = try FileDescriptor.open(
    path, .writeOnly, options: .create, permissions: .ownerReadWrite)
  _ = try await copyFile(pipe, to: file)
  try file.close()
}
