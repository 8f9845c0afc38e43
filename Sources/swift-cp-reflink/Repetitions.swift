import Reflink

/// Sources that are named more than once: the second time there is nothing to do.
struct Repetitions {
  private var seen: Set<EntryIdentity> = []

  /// What to say about a source that came before; nil for a new one.
  mutating func warning(_ pair: OperandPair) -> String? {
    guard let identity = EntryIdentity(pair.source) else { return nil }
    if seen.insert(identity).inserted { return nil }
    let kind = identity.isDirectory ? "directory" : "file"
    return "warning: source \(kind) \(Quoting.name(pair.source)) specified more than once"
  }
}
