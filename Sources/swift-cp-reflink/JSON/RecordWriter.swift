import Reflink
import Synchronization
import SystemPackage

/// Makes the lines of `--json`.
final class RecordWriter: Sendable {
  private let begun = currentTimeText()
  private let start = ContinuousClock.now
  private let failures = Atomic<Int>(0)

  func line(for record: JSONObject) -> [UInt8] { record.text + [UInt8(ascii: "\n")] }

  func entry(_ outcome: EntryOutcome, _ source: FilePath, _ destination: FilePath) -> [UInt8] {
    line(for: Record.entry(outcome, source, destination, at: currentTimeText()))
  }

  func repetition(_ source: FilePath, _ destination: FilePath) -> [UInt8] {
    line(for: Record.repetition(source, destination, at: currentTimeText()))
  }

  func error(_ error: ReflinkError, _ message: String) -> [UInt8] {
    failures.add(1, ordering: .relaxed)
    return line(for: Record.error(error, message, at: currentTimeText()))
  }

  func error(_ message: String) -> [UInt8] {
    failures.add(1, ordering: .relaxed)
    return line(for: Record.error(message, at: currentTimeText()))
  }

  func summary(_ outcome: TreeOutcome, succeeded: Bool) -> [UInt8] {
    line(
      for: Record.summary(
        outcome, failures: failures.load(ordering: .relaxed), succeeded: succeeded, from: begun,
        to: currentTimeText(),
        ContinuousClock.now - start))
  }
}
