import Reflink

/// cp's decisions, as options set them: from the facts of an entry to an action,
/// and nothing else.
struct CopyRules: Sendable {
  var recursive = false
  /// FIFOs and devices are read like files: without `-R`.
  var readsSpecialFiles = true
  /// `-d`, `-a`: names of one file stay names of one file.
  var keepsHardLinks = false
  /// `-f`
  var force = false
  var existing = Existing.overwrite

  enum Existing {
    case overwrite
    /// `-n`
    case skip
  }

  @Sendable func decide(_ facts: EntryFacts) -> EntryAction {
    let isFolder = facts.source.type == .folder
    guard case .exists(let link, let target) = facts.destination else {
      return isFolder && !recursive ? .refuse(.folderOmitted) : .create
    }
    if existing == .skip, !isFolder { return .skip }
    if let refusal = refusalByType(facts.source, link: link, target: target) {
      return .refuse(refusal)
    }
    if isFolder { return .overwrite(orReplace: false) }
    switch facts.source.type {
    case .symbolicLink, .socket, .folder: return .replace
    case .fifo, .characterDevice, .blockDevice, .unknown:
      if !readsSpecialFiles { return .replace }
    case .regular: break
    }
    guard let target else { return .refuse(.danglingLink) }
    // The other names of what is there are to keep their data.
    if keepsHardLinks, link.type == .regular, link.links > 1 { return .replace }
    return .overwrite(orReplace: force && target.type == .regular)
  }
}
