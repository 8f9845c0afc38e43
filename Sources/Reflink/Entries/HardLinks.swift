import Synchronization
import SystemPackage

/// Which files with several names were copied already, and where to.
final class HardLinks: Sendable {
  /// Where a copy is found again: by names, from a directory that stays open. No path is
  /// resolved anew, however deep the tree is.
  struct Copy: Sendable {
    let base: Directory
    let directory: DirectoryPath
    let name: OwnedName
    let identity: FileStatus.Identity
    /// Names of the source that were not met yet.
    fileprivate var remaining: UInt32 = 0

    init(_ location: Location, _ identity: FileStatus.Identity) {
      base = location.directory.base ?? location.directory
      directory = location.directory.path
      name = OwnedName(location.name)
      self.identity = identity
    }

    /// A reference to the very file that was copied.
    func open() throws(SystemError) -> Descriptor {
      let parent = try Directory.reopen(directory, from: base, .reference)
      let file = try name.with { (name) throws(SystemError) in
        try parent.open(name, [.reference, .noFollow])
      }
      guard try file.status().identity == identity else {
        throw SystemError(call: .link, errno: .noSuchFileOrDirectory)
      }
      return file
    }
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
    var copies: [FileStatus.Identity: Copy] = [:]
    var pending: [FileStatus.Identity: [@Sendable () -> Void]] = [:]
  }

  /// Whether a name may be met more than once: by links that are followed, by several operands.
  private let namesMayReturn: Bool
  private let state = Mutex(State())

  init(namesMayReturn: Bool) {
    self.namesMayReturn = namesMayReturn
  }

  func claim(_ source: FileStatus) -> Claim {
    state.withLock { state in
      let identity = source.identity
      if var copy = state.copies[identity] {
        // The last name was met: nobody will ask again.
        copy.remaining -= min(copy.remaining, 1)
        state.copies[identity] = copy.remaining == 0 && !namesMayReturn ? nil : copy
        return .later(copy)
      }
      if state.pending[identity] != nil { return .pending }
      state.pending[identity] = []
      return .first
    }
  }

  /// The first name was copied.
  func remember(_ source: FileStatus, at copy: Copy) {
    var copy = copy
    copy.remaining = max(source.linkCount, 2) - 1
    settle(source, copy)
  }

  /// It was not: the next name that is met becomes the first.
  func forget(_ source: FileStatus) {
    settle(source, nil)
  }

  /// Nobody will ask again.
  func forgetAll() {
    state.withLock { $0.copies = [:] }
  }

  func isPending(_ source: FileStatus) -> Bool {
    state.withLock { $0.pending[source.identity] != nil }
  }

  /// Calls once the file that was claimed is remembered or forgotten.
  func whenSettled(_ source: FileStatus.Identity, _ action: @escaping @Sendable () -> Void) {
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
    let file: Descriptor
    do throws(SystemError) {
      file = try earlier.open()
    } catch {
      let path = earlier.directory.bytes(appending: earlier.name).path
      throw error.during(.createHardLink, path, destination.path)
    }
    // As after an earlier copy; two operands of one name are another matter.
    if !(entry.isOperand && created != nil), let there = try? destination.statusIfPresent(),
      there.identity == earlier.identity
    {
      return .hardLink
    }
    return try linkFile(entry, file, source, destination)
  }
}
