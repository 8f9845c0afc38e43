import Synchronization
package import SystemPackage

/// What a copy of several sources made, so that one does not overwrite another.
final class MadeHere: Sendable {
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
    _ source: FileStatus, _ destination: Place, _ result: Result
  ) throws(ReflinkError) {
    switch result {
    case .skipped, .folder, .hardLink: return
    case .left, .file, .symbolicLink, .special: break
    }
    let linked = source.links > 1 || options.symbolicLinks != .copy ? hardLinks : nil
    if linked == nil, made == nil { return }
    guard
      let copy = try? destination.folder.descriptor.status(of: destination.name, follow: false)
    else { return }
    linked?.remember(source, at: destination.path, copy.identity)
    if case .left = result { return }
    made?.insert(copy.identity)
  }
}
