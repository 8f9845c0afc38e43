import Reflink

/// Sources that are named more than once: the second time there is nothing to do.
struct Repetitions {
  private var seen: Set<EntryIdentity> = []

  /// What to say about a source that came before; nil for a new one, and for one that is not
  /// copied in any case.
  func warning(_ source: OwnedName, _ identity: EntryIdentity, _ rules: CopyRules) -> String? {
    if identity.isDirectory ? !rules.recursive : rules.backups != nil { return nil }
    guard seen.contains(identity) else { return nil }
    let kind = identity.isDirectory ? "directory" : "file"
    return "warning: source \(kind) \(Quoting.name(source)) specified more than once"
  }

  /// Notes that a source was reached. A directory counts once it was copied.
  mutating func reached(_ identity: EntryIdentity, isCopied: Bool) {
    if isCopied || !identity.isDirectory { seen.insert(identity) }
  }
}
