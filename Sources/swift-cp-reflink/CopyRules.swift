import Reflink

/// cp's decisions, as options set them: from the facts of an entry to an action,
/// and nothing else.
struct CopyRules: Sendable {
  var recursive = false
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
    if isFolder, let target, target.type == .folder { return .overwrite(orReplace: false) }
    if existing == .skip { return .skip }
    if let refusal = refusalByType(facts.source, link: link, target: target) {
      return .refuse(refusal)
    }
    switch facts.source.type {
    case .regular:
      // Writing into one of several names would change what the others show.
      guard let target else { return .refuse(.danglingLink) }
      return .overwrite(orReplace: force && target.type == .regular)
    default:
      return .replace
    }
  }
}
