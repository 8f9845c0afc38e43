/// What is known of an entry when it is decided what to do about it.
package struct EntryFacts: Sendable {
  package enum Destination: Sendable, Hashable {
    /// Not looked at. A fresh tree is made without a look at each name: creating
    /// a name tells by itself that it was taken.
    case unseen
    /// The name is taken: `link` is what it names, a symbolic link not followed;
    /// `target` is what stands behind it, nil for a link that leads nowhere.
    case exists(link: FileStatus, target: FileStatus?)
  }

  package var source: FileStatus
  package var destination: Destination
  /// Whether the entry was named in the call, not met inside a folder.
  package var isOperand: Bool

  package init(source: FileStatus, destination: Destination, isOperand: Bool) {
    self.source = source
    self.destination = destination
    self.isOperand = isOperand
  }
}

/// What to do about an entry.
package enum EntryAction: Sendable, Hashable {
  case skip
  /// Make it, unless the name turns out to be taken; then it is decided again.
  case create
  /// Write a regular file's data into the existing file. A folder is entered.
  /// With `orReplace`, a file that cannot be opened is removed and made anew.
  case overwrite(orReplace: Bool)
  /// Remove what is there, then make it.
  case replace
  case refuse(Refusal)
}

/// Why an entry is not copied.
public enum Refusal: Sendable, Hashable {
  /// Folders were not asked for.
  case folderOmitted
  case sameFile
  case exists
  case folderOverFile
  case fileOverFolder
  /// The destination is a symbolic link that leads nowhere.
  case danglingLink
  /// A folder would be copied into itself, for ever.
  case intoItself
  /// A link that is followed leads to a folder it is in, for ever.
  case cyclicLink
}

/// Decides, and does nothing else: the same facts give the same action.
package typealias Decide = @Sendable (EntryFacts) -> EntryAction

/// What becomes of names that are taken.
public enum ExistingRule: Sendable, Hashable {
  case fail
  case skip
  /// Files are replaced by new ones; folders are merged.
  case replace

  func decide(_ facts: EntryFacts) -> EntryAction {
    guard case .exists(let link, let target) = facts.destination else { return .create }
    if let refusal = refusalByType(facts.source, link: link, target: target) {
      return .refuse(refusal)
    }
    switch self {
    case .fail: return .refuse(.exists)
    case .skip: return facts.source.type == .folder ? .overwrite(orReplace: false) : .skip
    case .replace: return facts.source.type == .folder ? .overwrite(orReplace: false) : .replace
    }
  }
}

/// What no rule allows: a file over itself, a folder over anything else (a link to
/// a folder among it, which would lead out of the tree), a file over a folder.
package func refusalByType(
  _ source: FileStatus, link: FileStatus, target: FileStatus?
) -> Refusal? {
  if source.identity == link.identity || source.identity == target?.identity { return .sameFile }
  if source.type == .folder { return link.type == .folder ? nil : .folderOverFile }
  // A file is written through a link; what replaces the link itself may.
  let existing = source.type == .regular ? target ?? link : link
  return existing.type == .folder ? .fileOverFolder : nil
}
