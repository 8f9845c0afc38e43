import Reflink
import Synchronization
import SystemPackage

/// `--dedupe`: files of DEST share what they have in common with those of SOURCE. What DEST does not have is left
/// out.
final class Deduplicating: Sendable {
  private let reporter: Reporter
  private let isTold: Bool
  private struct State {
    var files = 0
    var total = DeduplicationOutcome()
    var hasFailed = false
  }
  private let state = Mutex(State())

  init(_ reporter: Reporter, _ settings: Settings) {
    self.reporter = reporter
    isTold = settings.verbosity >= .names || settings.writesRecords
  }

  var hasFailed: Bool { state.withLock { $0.hasFailed } }

  func deduplicate(_ source: OwnedName, _ file: OwnedName, _ settings: Settings) {
    FilePairs(source, file, settings).visit(fail: { self.fail($0) }) { self.share($0, $1) }
  }

  private func share(_ source: FilePath, _ file: FilePath) {
    guard EntryIdentity(OwnedName(file), follow: false) != nil else { return }
    do throws(ReflinkError) {
      let outcome = try Reflink.deduplicate(file, with: source, interruption: .ofCommand)
      state.withLock { state in
        state.files += 1
        state.total.add(outcome)
      }
      guard isTold else { return }
      reporter.tell(
        text: "\(Quoting.ifNeeded(source)) -> \(Quoting.ifNeeded(file)): \(outcome.text)\n",
        record: outcome.record(source, file))
    } catch {
      // Two names of one file share all they have.
      if error.code != .sameFile { fail(error) }
    }
  }

  private func fail(_ error: ReflinkError) {
    state.withLock { $0.hasFailed = true }
    reporter.tell(error)
  }

  func tellTotal() {
    let (files, total) = state.withLock { ($0.files, $0.total) }
    var record = Record.begin("deduplicationSummary")
    record.add("files", Int64(files))
    record.add("bytes", total.bytes)
    reporter.tell(
      text: "total: \(files == 1 ? "1 file" : "\(files) files"), \(total.text)\n", record: record)
  }
}

extension DeduplicationOutcome {
  fileprivate mutating func add(_ other: DeduplicationOutcome) {
    shared = shared.saturatingAdd(other.shared)
    sharedBefore = sharedBefore.saturatingAdd(other.sharedBefore)
    different = different.saturatingAdd(other.different)
    unaligned = unaligned.saturatingAdd(other.unaligned)
  }

  /// "1.2 GiB shared now, 0 B before, 3.0 MiB different".
  fileprivate var text: String {
    let text =
      "\(Units.bytes(shared)) shared now, \(Units.bytes(sharedBefore)) before, "
      + "\(Units.bytes(different)) different"
    return unaligned > 0 ? "\(text), \(Units.bytes(unaligned)) in parts of blocks" : text
  }

  fileprivate var bytes: JSONObject {
    var bytes = JSONObject()
    bytes.add("shared", shared)
    bytes.add("sharedBefore", sharedBefore)
    bytes.add("different", different)
    bytes.add("unaligned", unaligned)
    return bytes
  }

  fileprivate func record(_ source: FilePath, _ file: FilePath) -> JSONObject {
    var record = Record.begin("deduplication")
    record.add("source", path: source)
    record.add("destination", path: file)
    record.add("bytes", bytes)
    return record
  }
}
