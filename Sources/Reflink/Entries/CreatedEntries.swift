import Synchronization
package import SystemPackage

/// What a copy of several sources created, so that one does not overwrite another.
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
  /// Whether somebody asks for a new entry's identity later.
  func isRemembered(_ source: FileStatus) -> Bool {
    created != nil || (hardLinks?.isPending(source) ?? false)
  }

  /// Notes what was created, for names that come again: hard links, and sources of one name.
  /// `copy` is an open descriptor of it, or a reference.
  func remember(
    _ source: FileStatus, _ destination: Location, _ copy: borrowing Descriptor
  ) throws(SystemError) {
    guard isRemembered(source) else { return }
    let identity = try copy.status().identity
    created?.insert(identity)
    hardLinks?.remember(source, at: HardLinks.Copy(destination, identity))
  }

  /// Notes that a name did not become a copy, and will not: the next one is the first.
  func forget(_ source: FileStatus) {
    hardLinks?.forget(source)
  }

  /// Settles what a result without a copy means for further names of the same file.
  func settle(_ source: FileStatus, _ destination: Location, _ result: borrowing Result) {
    switch result {
    case .skipped: forget(source)
    case .blocked: forget(source)
    case .unchanged:
      // What is there stands for the copy; the decision looked at it by its name as well.
      guard let there = try? destination.status() else { return forget(source) }
      hardLinks?.remember(source, at: HardLinks.Copy(destination, there.identity))
    default: break
    }
  }
}
