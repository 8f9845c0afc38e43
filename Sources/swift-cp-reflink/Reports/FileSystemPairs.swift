import Reflink
import Synchronization
import SystemPackage

/// Between which file systems files were copied that could have been cloned, so that people are
/// told once of each two.
final class FileSystemPairs: Sendable {
  private struct Pair: Hashable {
    var source: DeviceID
    var destination: DeviceID
  }
  private struct State {
    var known: Set<Pair> = []
    /// The directories of the last file: what is beside it is of the same two file systems.
    var lastDirectories: (source: FilePath, destination: FilePath)?
  }
  private let state = Mutex(State())

  /// Whether the two places are on file systems that were not met before. Two statx(2) calls, for the
  /// first file of each directory.
  func isNew(_ source: FilePath, _ destination: FilePath) -> Bool {
    state.withLock { state in
      let directories = (source.removingLastComponent(), destination.removingLastComponent())
      if let last = state.lastDirectories, last == directories { return false }
      state.lastDirectories = directories
      guard let from = EntryIdentity(OwnedName(source), follow: true),
        let to = EntryIdentity(OwnedName(destination), follow: true)
      else { return false }
      return state.known.insert(Pair(source: from.device, destination: to.device)).inserted
    }
  }
}
