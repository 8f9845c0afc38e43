import SystemPackage

/// What is known of an entry when it is decided what to do about it.
package struct EntryFacts: Sendable {
  package enum Destination: Sendable, Hashable {
    /// Not looked at. A fresh tree is made without a look at each name: creating
    /// a name tells by itself that it was taken.
    case unseen
    case exists(Existing)
  }

  /// What has the destination's name.
  package struct Existing: Sendable, Hashable {
    /// What the name stands for, a symbolic link not followed.
    package var link: FileStatus
    /// What stands behind it; nil for a link that leads nowhere.
    package var target: FileStatus?
    /// Links that lead to each other.
    package var isLoop = false
    /// Whether it is the very name that the source was named by.
    package var isSourcesName = false
    /// Whether this copy made it.
    package var wasMadeHere = false
    /// Whether the caller may write to it.
    package var isWritable = true

    package init(link: FileStatus, target: FileStatus?) {
      self.link = link
      self.target = target
    }
  }

  /// What is to be copied: a link itself, or what it leads to, as was asked for.
  package var source: FileStatus
  package var destination: Destination
  /// Whether the entry was named in the call, not met inside a folder.
  package var isOperand: Bool
  /// What the source's own name stands for: a link where `source` is what it leads
  /// to. Looked at once the destination's name is taken.
  package var sourceLink: FileStatus
  /// Where a source that is copied as a link leads to; looked at with `sourceLink`.
  package var sourceTarget: FileStatus?
  /// Whether an earlier name of the same file was copied, of which this is to become another.
  package var isLaterName = false
  /// Whether `ask` was answered with yes.
  package var isConfirmed = false

  package init(source: FileStatus, destination: Destination, isOperand: Bool) {
    self.source = source
    self.destination = destination
    self.isOperand = isOperand
    sourceLink = source
  }
}

/// What to do about an entry.
package enum EntryAction: Sendable, Hashable {
  case skip
  /// It is there as it should be.
  case leave
  /// Make it, unless the name turns out to be taken; then it is decided again.
  case create
  /// The same through a link that leads nowhere yet.
  case createThroughLink
  /// Write a regular file's data into the existing file. A folder is entered.
  /// With `orReplace`, a file that cannot be opened is removed and made anew.
  case overwrite(orReplace: Bool)
  /// Put a new one in its place.
  case replace
  /// Give what is there another name, then make it.
  case moveAside(BackupNames)
  /// Ask the user; on yes decide again, on no it counts as a failure.
  case ask
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
  /// Another source of the same call went there.
  case justCreated
  /// The same, and what went there is a link that would be written through.
  case throughJustCreatedLink
  /// What is there would get the source's name.
  case backupIsSource
  /// The user said no.
  case declined
  /// It is there, and that was to be an error.
  case notReplaced
}

/// Decides, and does nothing else: the same facts give the same action.
package typealias Decide = @Sendable (EntryFacts) -> EntryAction

/// What becomes of names that are taken.
public enum ExistingRule: Sendable, Hashable {
  case fail
  case skip
  /// Files are replaced by new ones; folders are merged.
  case replace

  /// For whoever copies no folders.
  @Sendable func decideOnFile(_ facts: EntryFacts) -> EntryAction {
    facts.source.type == .folder ? .refuse(.folderOmitted) : decide(facts)
  }

  @Sendable func decide(_ facts: EntryFacts) -> EntryAction {
    guard case .exists(let existing) = facts.destination else { return .create }
    let link = existing.link
    if facts.source.identity == link.identity
      || facts.source.identity == existing.target?.identity
    {
      return .refuse(.sameFile)
    }
    if let refusal = refusalByType(facts.source, existing) { return .refuse(refusal) }
    switch self {
    case .fail: return .refuse(.exists)
    case .skip: return facts.source.type == .folder ? .overwrite(orReplace: false) : .skip
    case .replace: return facts.source.type == .folder ? .overwrite(orReplace: false) : .replace
    }
  }
}

/// What no rule allows: a folder over anything else (a link to a folder among it,
/// which would lead out of the tree), a file over a folder.
package func refusalByType(
  _ source: FileStatus, _ existing: EntryFacts.Existing
) -> Refusal? {
  if source.type == .folder { return existing.link.type == .folder ? nil : .folderOverFile }
  // A file is written through a link; what replaces the link itself may.
  let there = source.type == .regular ? existing.target ?? existing.link : existing.link
  return there.type == .folder ? .fileOverFolder : nil
}
