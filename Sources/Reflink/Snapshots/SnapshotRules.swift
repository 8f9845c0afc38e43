import SystemPackage

/// Of what a caller names, regular files and directories only; in a directory, everything.
@Sendable func decideOnSnapshot(_ facts: EntryFacts) -> EntryAction {
  let type = facts.source.type
  if facts.isOperand, type != .regular, type != .directory { return .refuse(.notRegular) }
  return facts.destination == .unseen ? .create : .refuse(.exists)
}

@Sendable func decideOnSnapshotOfFile(_ facts: EntryFacts) -> EntryAction {
  facts.source.type == .regular ? decideOnSnapshot(facts) : .refuse(.notRegular)
}

extension CopyOptions {
  static func snapshot(_ preserving: SnapshotPreservation) -> Self {
    CopyOptions(
      cloning: .required, preserving: preserving.preservation, publication: .unnamed)
  }
}

extension CopyRequest {
  /// Clones of an entry and all that is in it.
  static func snapshot(_ pair: OperandPair, _ preserving: SnapshotPreservation) -> CopyRequest {
    CopyRequest(
      files: .named(pair.source, pair.destination), options: .snapshot(preserving),
      decide: decideOnSnapshot, isTree: true)
  }
}
