import Reflink

/// Sources that are named more than once: the second time there is nothing to do.
struct Repetitions {
  private var seen: Set<EntryIdentity> = []

  /// What to say about a source that came before; nil for a new one, and for one that is not
  /// copied in any case.
  mutating func warning(_ pair: OperandPair, _ settings: Settings) -> String? {
    let follow = settings.copyOptions.symbolicLinks != .copy
    guard let identity = EntryIdentity(pair.source, follow: follow) else { return nil }
    if identity.isDirectory ? !settings.rules.recursive : settings.rules.backups != nil {
      return nil
    }
    // A directory counts once it was copied.
    guard seen.contains(identity) else {
      if !identity.isDirectory, !pair.withParents { seen.insert(identity) }
      return nil
    }
    let kind = identity.isDirectory ? "directory" : "file"
    return "warning: source \(kind) \(Quoting.name(pair.source)) specified more than once"
  }

  /// Notes that a source was copied.
  mutating func copied(_ pair: OperandPair, _ settings: Settings) {
    let follow = settings.copyOptions.symbolicLinks != .copy
    if let identity = EntryIdentity(pair.source, follow: follow) { seen.insert(identity) }
  }
}
