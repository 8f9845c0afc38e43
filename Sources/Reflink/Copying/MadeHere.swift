import Synchronization
package import SystemPackage

/// What a copy of several sources made, so that one does not overwrite another.
final class CreatedEntries: Sendable {
  private let identities = Mutex<Set<FileIdentity>>([])

  func contains(_ identity: FileIdentity) -> Bool {
    identities.withLock { $0.contains(identity) }
  }

  func insert(_ identity: FileIdentity) {
    identities.withLock { _ = $0.insert(identity) }
  }
}

/// What the user is asked: whether something may take the place of what is there.
package struct Question: Sendable {
  package var destination: FilePath
  package var existing: EntryFacts.Existing
}

extension EntryCopier {
  /// Notes what was made, for names that come again: hard links, and sources of one name.
  func remember(
    _ source: FileStatus, _ destination: Location, _ result: borrowing Result
  ) {
    var isLeft = false
    switch result {
    case .directory: return
    case .hardLink: return
    case .postponed: return
    case .unfinished: return
    case .planned: return
    case .skipped: return forget(source)
    case .left: isLeft = true
    case .file: break
    case .symbolicLink: break
    case .special: break
    }
    var linked = source.linkCount > 1 || options.symbolicLinks != .copy ? hardLinks : nil
    if let links = linked, !links.isPending(source) { linked = nil }
    if linked == nil, made == nil { return }
    guard
      let copy = try? destination.directory.descriptor.status(of: destination.name, follow: false)
    else { return forget(source) }
    linked?.remember(source, at: destination.currentPath, copy.identity)
    if !isLeft { made?.insert(copy.identity) }
  }

  /// Notes that a name did not become a copy.
  func forget(_ source: FileStatus) {
    hardLinks?.forget(source)
  }
}
