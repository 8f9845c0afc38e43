/// A copy that was cancelled, and that nobody waits for any more.
///
/// Its clone may still run: one that was killed writes out the source's new data first. Its name
/// can be taken away only after that, since unlink(2) waits for the clone. And the memory of a
/// large file is freed when it is closed, which takes as long as it is large. One thread of its own
/// does all that, so that neither whoever cancelled nor the next copy waits.
final class Discarding: Work {
  private static let queue = RunQueue(threads: 1)

  private let file: SuspendedFile
  private let entries: EntryCopier

  private init(_ file: SuspendedFile, _ entries: EntryCopier) {
    self.file = file
    self.entries = entries
  }

  static func submit(_ file: SuspendedFile, by entries: EntryCopier) {
    queue.submit(Discarding(file, entries))
  }

  var activity: Activity? { nil }

  func take(_ turn: WorkerTurn) -> Turn {
    file.discard(by: entries).map { .waiting($0) } ?? .finished
  }

  func ending() -> (@Sendable () -> Void)? { nil }

  /// There is no thread: the copy is let go here, which ends its clone first.
  func abandon(_ error: SystemError) {
    while let wait = file.discard(by: entries) { sleep(for: wait) }
  }
}

extension SuspendedFile {
  /// Discards the copy, unless its clone still runs: then that is to be waited for.
  fileprivate func discard(by entries: EntryCopier) -> Wait? {
    guard var copy = take() else { return nil }
    if let end = copy.transfer.endOfClone {
      putBack(copy)
      return Wait(descriptor: end, atMost: .seconds(1))
    }
    destination.with { _ = entries.discard(&copy, $0) }
    return nil
  }
}
