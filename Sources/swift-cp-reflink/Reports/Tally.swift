import Reflink
import Synchronization
import SystemPackage

/// Counts how data went, for people: a warning when files of one file system are copied into
/// another instead of cloned, once for each pair of the two, and a line at the end.
final class Tally: Sendable {
  private struct State {
    /// Files and bytes by what moved them.
    var cloned = Amount()
    var copied = Amount()
    var causes: [FallbackCause: Int] = [:]
    var warned: Set<Pair> = []
    /// The directories of the last file that was not cloned: what is beside it is of the same two
    /// file systems.
    var lastDirectories: (source: FilePath, destination: FilePath)?
  }
  private struct Amount {
    var files = 0
    var bytes: Int64 = 0
    mutating func add(_ file: CopyOutcome) {
      files += 1
      bytes = bytes.addingReportingOverflow(file.total).overflow ? .max : bytes + file.total
    }
  }
  private struct Pair: Hashable {
    var source: DeviceID
    var destination: DeviceID
  }
  private let state = Mutex(State())

  /// Counts one file. True where it is the first between two file systems that could have been
  /// cloned and was not.
  func add(_ file: CopyOutcome, _ source: FilePath, _ destination: FilePath) -> Bool {
    state.withLock { state in
      switch file.method {
      case .cloned, .inline: state.cloned.add(file)
      default: state.copied.add(file)
      }
      guard let cause = file.fallback else { return false }
      state.causes[cause, default: 0] += 1
      let directories = (source.removingLastComponent(), destination.removingLastComponent())
      if let last = state.lastDirectories, last == directories { return false }
      state.lastDirectories = directories
      guard let from = EntryIdentity(OwnedName(source), follow: true),
        let to = EntryIdentity(OwnedName(destination), follow: true)
      else { return false }
      return state.warned.insert(Pair(source: from.device, destination: to.device)).inserted
    }
  }

  /// "3 files cloned (1.2 GiB), 17 copied (300 KiB; 17 on another file system); 2 directories".
  func summary(_ outcome: TreeOutcome) -> String {
    state.withLock { state in
      var parts: [String] = []
      if state.cloned.files > 0 || state.copied.files == 0 {
        parts.append("\(files(state.cloned.files)) cloned (\(Units.bytes(state.cloned.bytes)))")
      }
      if state.copied.files > 0 {
        let causes = state.causes.sorted { $0.value > $1.value }.map { "\($0.value) \($0.key)" }
        parts.append(
          "\(files(state.copied.files)) copied ("
            + ([Units.bytes(state.copied.bytes)] + causes).joined(separator: "; ") + ")")
      }
      for (count, what) in [
        (outcome.directories, "directories"), (outcome.symbolicLinks, "symbolic links"),
        (outcome.hardLinks, "hard links"), (outcome.specialFiles, "special files"),
        (outcome.skipped, "skipped"), (outcome.excluded, "excluded"),
        (outcome.failures, "failed"),
      ] where count > 0 { parts.append("\(count) \(what)") }
      return parts.joined(separator: ", ")
    }
  }

  private func files(_ count: Int) -> String { count == 1 ? "1 file" : "\(count) files" }
}
