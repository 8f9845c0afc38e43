import Synchronization
package import SystemPackage

/// What a copy of several sources created for what was named in the call, so that one does not
/// take another's name; and links, so that nothing is written through them.
final class CreatedEntries: Sendable {
  private struct Entry: Hashable {
    /// A file alone is not enough: it may have had other names before.
    let path: OwnedName
    let identity: FileStatus.Identity
  }
  private let entries = Mutex<Set<Entry>>([])

  func contains(_ location: Location, _ identity: FileStatus.Identity) -> Bool {
    let entry = Entry(path: location.bytes, identity: identity)
    return entries.withLock { $0.contains(entry) }
  }

  func insert(_ location: Location, _ identity: FileStatus.Identity) {
    let entry = Entry(path: location.bytes, identity: identity)
    entries.withLock { _ = $0.insert(entry) }
  }
}

/// What the user is asked: whether something may take the place of what is there.
package struct Question: Sendable {
  package var destination: FilePath
  package var existing: EntryFacts.Existing
}

extension EntryCopier {
  /// Whether somebody asks for a new entry's identity later.
  func isRemembered(_ entry: EntryFacts) -> Bool {
    isNoted(entry) || (hardLinks?.isPending(entry.source) ?? false)
  }

  private func isNoted(_ entry: EntryFacts) -> Bool {
    created != nil && (entry.isOperand || entry.source.type == .symbolicLink)
  }

  /// Notes what was created, for names that come again: hard links, and sources of one name.
  /// `copy` is an open descriptor of it, or a reference.
  func remember(
    _ entry: EntryFacts, _ destination: Location, _ copy: borrowing Descriptor
  ) throws(SystemError) {
    guard isRemembered(entry) else { return }
    let identity = try copy.status().identity
    if isNoted(entry) { created?.insert(destination, identity) }
    hardLinks?.remember(entry.source, at: HardLinks.Copy(destination, identity))
  }

  /// Notes that a name did not become a copy, and will not: the next one is the first.
  func forget(_ source: FileStatus) {
    hardLinks?.forget(source)
  }

  /// Settles what a result without a copy means for further names of the same file.
  func settle(_ source: FileStatus, _ destination: Location, _ result: borrowing Result) {
    switch result {
    case .skipped, .keptDifferent: forget(source)
    case .blocked, .begunAgain: forget(source)
    case .unchanged:
      // What is there stands for the copy; the decision looked at it by its name as well.
      guard let there = try? destination.status() else { return forget(source) }
      hardLinks?.remember(source, at: HardLinks.Copy(destination, there.identity))
    default: break
    }
  }
}
