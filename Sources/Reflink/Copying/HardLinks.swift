import Synchronization
import SystemPackage

/// Which files with several names were copied already, and where to.
final class HardLinks: Sendable {
  struct Copy {
    var path: FilePath
    var identity: FileIdentity
    /// Names of the source that were not met yet.
    fileprivate var left: UInt32
  }

  /// What a name of a file that has several is to become.
  enum Claim {
    /// Its copy. Whoever is told this has to tell `remember` or `forget`.
    case first
    /// The first is being copied; see `whenSettled`.
    case pending
    /// Another name of the copy.
    case later(Copy)
  }

  private struct State {
    var copies: [FileIdentity: Copy] = [:]
    var pending: [FileIdentity: [@Sendable () -> Void]] = [:]
  }

  private let followsLinks: Bool
  private let state = Mutex(State())

  init(followsLinks: Bool) {
    self.followsLinks = followsLinks
  }

  func claim(_ source: FileStatus) -> Claim {
    state.withLock { state in
      let identity = source.identity
      if var copy = state.copies[identity] {
        // The last name was met: nobody will ask again, unless by links that are followed.
        copy.left -= min(copy.left, 1)
        state.copies[identity] = copy.left == 0 && !followsLinks ? nil : copy
        return .later(copy)
      }
      if state.pending[identity] != nil { return .pending }
      state.pending[identity] = []
      return .first
    }
  }

  /// The first name was copied.
  func remember(_ source: FileStatus, at path: FilePath, _ identity: FileIdentity) {
    settle(
      source, Copy(path: path, identity: identity, left: max(source.linkCount, 2) - 1))
  }

  /// It was not: the next name that is met becomes the first.
  func forget(_ source: FileStatus) {
    settle(source, nil)
  }

  func isPending(_ source: FileStatus) -> Bool {
    state.withLock { $0.pending[source.identity] != nil }
  }

  /// Calls once the file that was claimed is remembered or forgotten.
  func whenSettled(_ source: FileIdentity, _ action: @escaping @Sendable () -> Void) {
    let isSettled = state.withLock { state in
      guard state.pending[source] != nil else { return true }
      state.pending[source]?.append(action)
      return false
    }
    if isSettled { action() }
  }

  private func settle(_ source: FileStatus, _ copy: Copy?) {
    let actions: [@Sendable () -> Void]? = state.withLock { state in
      // Not one that was claimed.
      guard let actions = state.pending.removeValue(forKey: source.identity) else { return nil }
      state.copies[source.identity] = copy
      return actions
    }
    for action in actions ?? [] { action() }
  }
}

extension EntryCopier {
  /// The memory of hard links, where this file is one to be kept.
  func keptLinks(of status: FileStatus, follow: Bool) -> HardLinks? {
    status.linkCount > 1 || follow ? hardLinks : nil
  }

  /// Gives the copy of this file's earlier name another name.
  func link(
    to earlier: HardLinks.Copy, _ entry: EntryFacts, _ source: Location, _ destination: Location
  ) throws(ReflinkError) -> Result {
    var entry = entry
    entry.isLaterName = true
    let operation = ReflinkError.Operation.createHardLink
    let file = try earlier.path.withName { (name) throws(ReflinkError) in
      try attempt(operation, Location(.current, name), destination) { () throws(SystemError) in
        // By path, since descriptors are few; then only this very file will do.
        let file = try Descriptor.currentDirectory.open(name, [.reference, .noFollow])
        guard try file.status().identity == earlier.identity else {
          throw SystemError(call: .link, errno: .noSuchFileOrDirectory)
        }
        return file
      }
    }
    if isSameFile(destination, earlier.identity) { return .hardLink }
    let made = try make(operation, entry, source, destination) { () throws(SystemError) in
      try destination.directory.descriptor.link(destination.name, to: file)
    }
    return made == .skipped ? .skipped : .hardLink
  }

  /// Whether the name is a link to that file already, as after an earlier copy.
  private func isSameFile(
    _ place: Location, _ identity: FileIdentity
  ) -> Bool {
    let status = try? place.directory.descriptor.statusIfPresent(of: place.name, follow: false)
    return status?.identity == identity
  }
}
