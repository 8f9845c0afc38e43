import SystemPackage

/// What is known of an entry when it is decided what to do about it.
public struct EntryFacts: Sendable {
  // Kept aside: few entries have it, and every entry is passed on from stage to stage.
  /// What is known of the name that the copy is to have.
  public indirect enum Destination: Sendable, Hashable {
    /// Not looked at. A fresh tree is made without a look at each name: creating
    /// a name tells by itself that it was taken.
    case unseen
    /// It is taken.
    case exists(Existing)
  }

  /// What has the destination's name.
  public struct Existing: Sendable, Hashable {
    /// What the name stands for, a symbolic link not followed.
    public var link: FileStatus
    /// What stands behind it; nil for a link that leads nowhere.
    public var target: FileStatus?
    /// Links that lead to each other.
    package var isLoop = false
    /// Whether it is the very name that the source was named by.
    package var isSourcesName = false
    /// Whether this copy made it.
    package var wasMadeHere = false
    /// Whether the caller may write to it.
    package var isWritable = true
    /// What the source's own name stands for: a link where `source` is what it leads to.
    package var sourceLink: FileStatus?
    /// Where a source that is copied as a link leads to.
    package var sourceTarget: FileStatus?

    /// For tests of what decides.
    public init(link: FileStatus, target: FileStatus?) {
      self.link = link
      self.target = target
    }
  }

  /// What is to be copied: a link itself, or what it leads to, as was asked for.
  public var source: FileStatus
  /// What is known of the name that the copy is to have.
  public var destination: Destination
  /// Whether the entry was named in the call, not met inside a directory.
  public var isOperand: Bool
  /// Whether an earlier name of the same file was copied, of which this is to become another.
  package var isLaterName = false
  /// Whether `ask` was answered with yes.
  package var isConfirmed = false

  /// For tests of what decides.
  public init(source: FileStatus, destination: Destination, isOperand: Bool) {
    self.source = source
    self.destination = destination
    self.isOperand = isOperand
  }
}

/// What to do about an entry.
public struct EntryAction: Sendable, Hashable {
  package enum Kind: Sendable, Hashable {
    case skip
    /// It is there as it should be.
    case leave
    /// It is newer than the source, and another.
    case keepDifferent
    case create
    /// The same through a link that leads nowhere yet.
    case createThroughLink
    /// With `orReplace`, a file that cannot be opened is removed and made anew.
    case overwrite(orReplace: Bool)
    case replace
    /// Give what is there another name, then make it.
    case backUp(BackupNames)
    /// Ask the user; on yes decide again, on no it counts as a failure.
    case ask
    case refuse(ReflinkError.Refusal)
  }
  package let kind: Kind

  private init(_ kind: Kind) { self.kind = kind }

  /// Leave it out; a directory with all that is in it.
  public static var skip: Self { Self(.skip) }
  /// Make it, unless the name turns out to be taken; then it is decided again.
  public static var create: Self { Self(.create) }
  /// Write a regular file's data into the file that is there, which keeps its identity
  /// and loses its data at once. A directory is entered, and merged.
  public static var overwrite: Self { Self(.overwrite(orReplace: false)) }
  /// Put a new file in the place of what is there, once it is complete.
  public static var replace: Self { Self(.replace) }
  /// An error.
  public static func refuse(_ refusal: ReflinkError.Refusal) -> Self { Self(.refuse(refusal)) }

  package static var leave: Self { Self(.leave) }
  package static var keepDifferent: Self { Self(.keepDifferent) }
  package static var createThroughLink: Self { Self(.createThroughLink) }
  package static func overwrite(orReplace: Bool) -> Self { Self(.overwrite(orReplace: orReplace)) }
  package static func backUp(_ names: BackupNames) -> Self { Self(.backUp(names)) }
  package static var ask: Self { Self(.ask) }
}

/// Decides, and does nothing else: the same facts give the same action.
///
/// Called by several threads at a time, for each entry before it is made (with
/// `destination` unseen), and again where its name turned out to be taken.
package typealias EntryPolicy = @Sendable (EntryFacts) -> EntryAction

/// What becomes of names that are taken.
@nonexhaustive
public enum ExistingRule: Sendable {
  /// A name that is taken is an error.
  case fail
  /// Files are left as they are; directories are merged.
  case skip
  /// Files are replaced by new ones; directories are merged. A device node, a FIFO or a socket is
  /// not replaced by a regular file: that is an error.
  case replace
  /// Files are replaced by those that were modified later, and by those of the same age and another
  /// size; directories are merged. What is newer than its source is kept, and where its size differs
  /// it is told (`EntryOutcome.Skipped.isDifferent`, `TreeOutcome.keptDifferent`): a copy in place
  /// that was killed leaves such a file. Where times are preserved, a file that has its source's
  /// time as far as its file system can keep it is equally old.
  case replaceIfNewer
  /// Files are replaced unless they have their source's size and modification time, as far as their
  /// file system can keep it: what a copy with `CopyOptions.Preservation.times` has left. Directories
  /// are merged.
  case replaceIfDifferent
  /// By a function of the caller's.
  case policy(@Sendable (EntryFacts) -> EntryAction)

  /// For whoever copies no directories.
  func decideOnFile(_ options: CopyOptions) -> EntryPolicy {
    let decide = decide(options)
    return { $0.source.type == .directory ? .refuse(.directoryOmitted) : decide($0) }
  }

  func decide(_ options: CopyOptions) -> EntryPolicy {
    if case .policy(let decide) = self { return decide }
    return { facts in
      guard case .exists(let existing) = facts.destination else { return .create }
      let link = existing.link
      if facts.source.identity == link.identity
        || facts.source.identity == existing.target?.identity
      {
        return .refuse(.sameFile)
      }
      if let refusal = refusalByType(facts.source, existing) { return .refuse(refusal) }
      return actionOnTaken(facts.source, link, options)
    }
  }

  private func actionOnTaken(
    _ source: FileStatus, _ existing: FileStatus, _ options: CopyOptions
  ) -> EntryAction {
    switch self {
    case .fail, .policy: return .refuse(.exists)
    case _ where source.type == .directory: return .overwrite
    case .skip: return .skip
    case .replace: break
    case .replaceIfNewer:
      if existing.isNewer(than: source, ifCopied: false), !source.isAsOld(as: existing, options) {
        return source.hasOtherSize(than: existing) ? .keepDifferent : .skip
      }
      if source.isAsOld(as: existing, options), !source.hasOtherSize(than: existing) {
        return .skip
      }
    case .replaceIfDifferent:
      if source.isAsOld(as: existing, options), !source.hasOtherSize(than: existing) {
        return .skip
      }
    }
    let isSpecial = source.type == .regular && existing.type.isSpecial
    if isSpecial { return .refuse(.fileOverSpecial) }
    let keeps =
      options.replacedAttributes == .kept && options.publication != .inPlace
      && source.type == .regular
    return keeps ? .overwrite : .replace
  }
}

extension FileStatus {
  /// Whether what is there may be a copy of this, to judge by the time.
  fileprivate func isAsOld(as existing: FileStatus, _ options: CopyOptions) -> Bool {
    modified == existing.modified
      || (options.preserving.times && hasTime(of: existing))
  }

  fileprivate func hasOtherSize(than existing: FileStatus) -> Bool {
    type != existing.type || (type == .regular && size != existing.size)
  }
}

/// What no rule allows: a directory over anything else (a link to a directory among it,
/// which would lead out of the tree), a file over a directory.
package func refusalByType(
  _ source: FileStatus, _ existing: EntryFacts.Existing
) -> ReflinkError.Refusal? {
  if source.type == .directory {
    return existing.link.type == .directory ? nil : .directoryOverFile
  }
  // A file is written through a link; what replaces the link itself may.
  let there = source.type == .regular ? existing.target ?? existing.link : existing.link
  return there.type == .directory ? .fileOverDirectory : nil
}

extension FileType {
  /// A device node, a FIFO or a socket.
  fileprivate var isSpecial: Bool {
    switch self {
    case .regular, .directory, .symbolicLink: false
    default: true
    }
  }
}
