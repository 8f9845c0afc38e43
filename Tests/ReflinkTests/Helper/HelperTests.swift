import Foundation
import Reflink
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// The process that clones a long file, in programs that have children of their own.
@Suite(.onFileSystems, .timeLimit(.minutes(20)), .serialized) struct HelperTests {
  private func withLongFile(
    _ extents: Int = 8000, _ body: (TestDirectory) async throws -> Void
  ) async throws {
    try await withDirectory(on: .xfs) { directory in
      try directory.makeFragmented("a", extents: extents)
      try await body(directory)
    }
  }

  @Test func isNotMissedWhereSomebodyReapsAllChildren() async throws {
    try await withLongFile { directory in
      await #expect(processExitsWith: .success) { [directory = directory as TestDirectory] in
        limitThisProcess(seconds: 60)
        let isFinished = Flag()
        let reaping = onThread { reapAll(until: isFinished) { _ in } }
        for round in 0..<10 {
          let clones = (0..<3).map { index in
            Task.detached {
              try await copyFile(directory.file("a"), to: directory.file("b\(round)-\(index)"))
            }
          }
          for clone in clones { #expect(try await clone.value.method == .cloned) }
        }
        isFinished.set()
        try await reaping.value
      }
    }
  }

  /// Somebody else reaped the helper, and has a child of that number since.
  @Test func aChildThatGotItsNumberIsLeftAlone() async throws {
    try await withLongFile(3000) { directory in
      await #expect(processExitsWith: .success) { [directory = directory as TestDirectory] in
        limitThisProcess(seconds: 60)
        var taken = 0
        for round in 0..<60 where taken < 3 {
          // The library is late where its workers are busy, so that the program's own loop may
          // reap the helper first; its next child then gets the helper's number.
          let busy = try await BusyWorkers.started()
          let child = Mutex<(helper: pid_t, child: pid_t)>((0, 0))
          let isFinished = Flag()
          let reaping = onThread {
            reapAll(until: isFinished) { helper in
              child.withLock { child in
                guard child.helper == 0 else { return }
                child = (helper, startSleeping(as: helper))
              }
            }
          }
          let cloning = Task.detached {
            try await copyFile(directory.file("a"), to: directory.file("b\(round)"))
          }
          let hasEnded = await ends(cloning)
          #expect(hasEnded)
          isFinished.set()
          try await reaping.value
          await busy.stop()
          let (helper, sleeper) = child.withLock { $0 }
          guard hasEnded else {
            // It may be waiting for that child.
            end(sleeper)
            return
          }
          #expect(try await cloning.value.method == .cloned)
          guard helper > 0, sleeper > 0 else { continue }
          if helper == sleeper { taken += 1 }
          // Neither killed nor reaped.
          try await Task.sleep(for: .milliseconds(20))
          var status: CInt = 0
          #expect(waitpid(sleeper, &status, WNOHANG) == 0)
          end(sleeper)
        }
        #expect(taken > 0)
      }
    }
  }

  /// Its first process there ends the namespace with it.
  @Test func aThreadWithANewProcessNamespaceClonesAndForksAfterwards() async throws {
    try await withLongFile { directory in
      await #expect(processExitsWith: .success) { [directory = directory as TestDirectory] in
        limitThisProcess(seconds: 60)
        // This thread can start no other afterwards, which resuming a task may do.
        let child = Mutex<pid_t?>(nil)
        Thread.detachNewThread {
          let isCloned = ["b", "c"].allSatisfy { name in
            (try? useNewProcessNamespaceOnce(name == "b")) != nil
              && (try? syncCopy(directory.file("a"), directory.file(name)))?.method == .cloned
          }
          child.withLock { $0 = isCloned ? startSleeping(as: 0) : -1 }
          sleep(60)
        }
        #expect(await becomesTrue { child.withLock { $0 != nil } })
        guard let child = child.withLock({ $0 }), child > 0 else {
          Issue.record("not cloned, or no child afterwards")
          return
        }
        end(child)
        let data = try directory.read("a")
        #expect(try directory.read("b") == data)
        #expect(try directory.read("c") == data)
      }
    }
  }
}

/// Kills and reaps a child; 0 and -1 would mean many processes.
private func end(_ child: pid_t) {
  guard child > 0 else { return }
  var status: CInt = 0
  kill(child, SIGKILL)
  waitpid(child, &status, 0)
}

private func useNewProcessNamespaceOnce(_ isFirst: Bool) throws {
  if isFirst { try useNewProcessNamespace() }
}

/// Waits for whichever child ends, also those that tell nobody.
private func reapAll(until isFinished: Flag, _ told: (pid_t) -> Void) {
  let all = Int32(bitPattern: 0x4000_0000)  // __WALL
  while !isFinished.isSet {
    var status: CInt = 0
    let child = waitpid(-1, &status, all | WNOHANG)
    if child > 0 { told(child) } else { usleep(200) }
  }
}

/// Starts a process that sleeps; with that number, where it is free and nobody is faster.
private func startSleeping(as number: pid_t) -> pid_t {
  if number > 0, let file = fopen("/proc/sys/kernel/ns_last_pid", "w") {
    fputs("\(number - 1)", file)
    fclose(file)
  }
  var child: pid_t = 0
  let arguments: [UnsafeMutablePointer<CChar>?] = [strdup("sleep"), strdup("100"), nil]
  defer { for argument in arguments { free(argument) } }
  return posix_spawn(&child, "/bin/sleep", nil, nil, arguments, environ) == 0 ? child : -1
}
