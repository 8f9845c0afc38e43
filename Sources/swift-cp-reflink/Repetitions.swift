import Reflink

/// Sources that are named more than once: the second time there is nothing to do.
struct Repetitions {
  private var seen: Set<EntryIdentity> = []

  /// What to say about a source that came before; nil for a new one, and for one that is not
  /// copied in any case.
  func warning(_ pair: OperandPair, _ settings: Settings) -> String? {
    let follow = settings.copyOptions.symbolicLinks != .copy
    guard let identity = EntryIdentity(pair.source, follow: follow) else { return nil }
    if identity.isDirectory ? !settings.rules.recursive : settings.rules.backups != nil {
      return nil
    }
    guard seen.contains(identity) else { return nil }
    let kind = identity.isDirectory ? "directory" : "file"
    return "warning: source \(kind) \(Quoting.name(pair.source)) specified more than once"
  }

  /// Notes that a source was reached, and whether it was copied.
  mutating func reached(_ pair: OperandPair, isCopied: Bool, _ settings: Settings) {
    let follow = settings.copyOptions.symbolicLinks != .copy
    guard let identity = EntryIdentity(pair.source, follow: follow),
      isCopied || !identity.isDirectory
    else { return }
    seen.insert(identity)
  }
}
