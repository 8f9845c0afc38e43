import Foundation
import Reflink
import SystemPackage
import TestSupport
import Testing

/// Signals whose handlers do not restart system calls, every 2 ms for more than a second.
@Suite(.onFileSystems, .timeLimit(.minutes(20)), .serialized) struct SignalTests {
  private enum Waiting: Int, CaseIterable {
    case toOpenAFifo, toWriteToAPipe, toReadAPipe, toReadAFifo
  }

  @Test(arguments: 0..<Waiting.allCases.count)
  func interruptNothingThatWaits(_ index: Int) async throws {
    try await withDirectory(on: .xfs) { directory in
      try directory.fill("a", 300_000)
      try await shell("mkfifo f", in: directory.path)
      await #expect(processExitsWith: .success) {
        [directory = directory as TestDirectory, index = index as Int] in
        limitThisProcess()
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in }
        sigaction(SIGUSR1, &action, nil)
        let pipe = try FileDescriptor.pipe()
        let interrupted = Flag()
        let copying = onThread {
          let caller = pthread_self()
          var signals = sigset_t()
          sigemptyset(&signals)
          sigaddset(&signals, SIGUSR1)
          pthread_sigmask(SIG_UNBLOCK, &signals, nil)
          let ended = Flag()
          let interrupting = onThread {
            for _ in 0..<500 where !ended.isSet {
              pthread_kill(caller, SIGUSR1)
              usleep(2000)
            }
            interrupted.set()
            while !ended.isSet { usleep(2000) }
          }
          defer {
            ended.set()
            // It knows this thread, which must not end before.
            let isFinished = Flag()
            Task.detached {
              _ = await interrupting.result
              isFinished.set()
            }
            while !isFinished.isSet { usleep(1000) }
          }
          let readsContents = CopyOptions(specialFiles: .readContents)
          switch Waiting(rawValue: index) {
          case .toOpenAFifo:
            try syncCopy(
              directory.file("a"), directory.file("f"), CopyOptions(preserving: .nothing),
              .policy { $0.destination == .unseen ? .create : .overwrite })
          case .toWriteToAPipe:
            let source = try FileDescriptor.open(directory.file("a"), .readOnly)
            try syncCopy(source, pipe.writeEnd)
          case .toReadAPipe:
            let file = try FileDescriptor.open("/dev/null", .writeOnly)
            try syncCopy(pipe.readEnd, file)
          default:
            try syncCopy(directory.file("f"), directory.file("b"), readsContents)
          }
        }
        // Until then nothing comes; an error ends it before.
        #expect(await becomesTrue { interrupted.isSet })
        switch Waiting(rawValue: index) {
        case .toOpenAFifo:
          let reading = onThread { try FileDescriptor.open(directory.file("f"), .readOnly) }
          let isOpen = await ends(reading, within: .seconds(60))
          #expect(isOpen, "nobody writes any more")
          guard isOpen else { return }
          #expect(await readAll(try await reading.value, 300_000).count == 300_000)
        case .toWriteToAPipe:
          #expect(await readAll(pipe.readEnd, 300_000).count == 300_000)
        case .toReadAPipe:
          try pipe.writeEnd.writeAll([1, 2, 3])
          try pipe.writeEnd.close()
        default:
          let writer = try FileDescriptor.open(directory.file("f"), .readWrite)
          try writer.writeAll([1, 2, 3])
          try await Task.sleep(for: .milliseconds(100))
          try writer.close()
        }
        #expect(await ends(copying))
        let error = await copying.failure
        #expect(error == nil)
      }
    }
  }
}
