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
    if existing == .skip, !isFolder { return .skip }
    if let refusal = refusalByType(facts.source, link: link, target: target) {
      return .refuse(refusal)
    }
    if isFolder { return .overwrite(orReplace: false) }
    switch facts.source.type {
    case .regular:
      guard let target else { return .refuse(.danglingLink) }
      return .overwrite(orReplace: force && target.type == .regular)
    default:
      return .replace
    }
  }
}
