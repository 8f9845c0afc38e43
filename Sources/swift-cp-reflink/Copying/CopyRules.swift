import Reflink
import SystemPackage

/// cp's decisions, as options set them: from the facts of an entry to an action,
/// and nothing else.
struct CopyRules: Sendable {
  var recursive = false
  /// `-f`
  var force = false
  var removesDestination = false
  /// `--update`
  var update = UpdateWord.all
  /// `-i`
  var asks = false
  var backups: BackupNames?
  var product = EntryProduct.copies
  /// `--attributes-only`, beside an option that makes links too: nothing with data is replaced
  /// for what its name or its links are.
  var keepsData = false
  /// FIFOs and devices are read like files: without `-R`.
  var readsSpecialFiles = true
  /// `-P`, or `-r` without `-L` and `-H`
  var copiesLinks = false
  /// `-p`: what is there may have its source's time already.
  var keepsTimes = false
  /// `-d`, `-a`: names of one file stay names of one file.
  var keepsHardLinks = false
  /// `--keep-directory-symlink`
  var keepsDirectoryLinks = false
  /// POSIXLY_CORRECT
  var writesThroughDanglingLinks = false

  @Sendable func decide(_ facts: EntryFacts) -> EntryAction {
    let source = facts.source
    guard case .exists(let existing) = facts.destination else {
      return source.type == .directory && !recursive ? .refuse(.directoryOmitted) : .create
    }
    // A link that leads nowhere is no file yet, for what would be written through it.
    let isWrittenThrough =
      hasContents(source) && !product.isLinks && !removesDestination && backups == nil
    let isTaken = existing.target != nil || !isWrittenThrough
    if source.type != .directory, isTaken {
      if update == .none { return .skip }
      if update == .noneFail { return .refuse(.notReplaced) }
    }
    if let action = decideOnSameFile(facts, existing) {
      if update == .none || update == .noneFail { return decideOnSameDirectory(source, existing) }
      let asks =
        asks && update != .older && source.type != .directory && !facts.isConfirmed
      return action == .leave && asks ? .ask : action
    }
    if source.type == .directory {
      let linked = keepsDirectoryLinks ? existing.target?.type : nil
      if existing.link.type == .directory || linked == .directory {
        return .overwrite(orReplace: false)
      }
      guard let backups else { return .refuse(.directoryOverFile) }
      if existing.wasMadeHere, facts.isOperand, backups != .numbered {
        return .refuse(.justCreated)
      }
      return .backUp(backups)
    }
    // Names of one file become names of one file, however new what is there is.
    if update == .older, !facts.isLaterName, !isNewer(source, than: existing) { return .leave }
    if asks, isTaken, !facts.isConfirmed { return .ask }
    // What goes away as a whole may be a link to a directory; what is written into, not.
    let goes = removesDestination || backups != nil || product.isLinks
    let there = goes ? existing.link : existing.target ?? existing.link
    if there.type == .directory, goes || source.type == .regular || existing.link.type == .directory
    {
      return .refuse(.fileOverDirectory)
    }
    if existing.wasMadeHere {
      if existing.link.type == .symbolicLink, isWrittenThrough {
        return .refuse(.throughJustCreatedLink)
      }
      if facts.isOperand, backups != .numbered { return .refuse(.justCreated) }
    }
    if let backups { return .backUp(backups) }
    if removesDestination { return .replace }
    return decideOnMaking(facts, existing)
  }

  /// What is to be done where source and destination meet in one file; nil where
  /// they do not, or where it does not matter.
  private func decideOnSameFile(
    _ facts: EntryFacts, _ existing: EntryFacts.Existing
  ) -> EntryAction? {
    let source = facts.source
    let link = existing.link
    let isLink = source.type == .symbolicLink
    // Whoever follows links knows what is only made anew from what a link there leads to.
    let reaches =
      source.type == .directory
      ? keepsDirectoryLinks || (copiesLinks && backups == nil)
      : hasContents(source) || copiesLinks
    guard
      source.identity == link.identity
        || (reaches && source.identity == existing.target?.identity)
        || (isLink && existing.sourceTarget?.identity == link.identity)
    else { return nil }

    switch product {
    case .hardLinks:
      let isThere =
        source.identity == link.identity || existing.sourceTarget?.identity == link.identity
      return isThere ? .leave : nil
    case .symbolicLinks where !isLink && source.identity != link.identity: return nil
    case .symbolicLinks, .copies, .attributesOnly, .nothing: break
    }
    if existing.isSourcesName { return .refuse(.sameFile) }
    if isLink, link.type == .symbolicLink {
      // Two names of one link, or two links to one file: either may replace the other.
      return source.identity == link.identity && backups == nil ? .leave : nil
    }
    guard removesDestination || (backups != nil && source.type != .directory) else {
      return .refuse(.sameFile)
    }
    // Taking the destination's name away must leave the source's with its file.
    let isKept =
      source.identity != link.identity || existing.sourceLink?.identity == link.identity
    // A link must not lose what it leads to, unless that is kept under another name.
    let isOrphaned = isLink && backups == nil
    return isKept && !isOrphaned ? nil : .refuse(.sameFile)
  }

  /// What is to be done about a directory that meets itself, where nothing may be replaced: its
  /// entries are looked at, and each is there.
  private func decideOnSameDirectory(
    _ source: FileStatus, _ existing: EntryFacts.Existing
  ) -> EntryAction {
    guard source.type == .directory else { return .skip }
    if existing.link.type != .directory { return .refuse(.directoryOverFile) }
    return update == .none ? .skip : .overwrite(orReplace: false)
  }

  /// What is to be done about a name that may be taken.
  private func decideOnMaking(
    _ facts: EntryFacts, _ existing: EntryFacts.Existing
  ) -> EntryAction {
    let source = facts.source
    switch product {
    // Without -f, the system's own refusal is the answer.
    case .hardLinks, .symbolicLinks:
      let replaces =
        force || (product == .hardLinks && facts.isConfirmed)
        || (!keepsData && keepsHardLinks && existing.link.linkCount > 1)
        || (!keepsData && copiesLinks && source.type != .regular)
      return replaces ? .replace : .create
    case .copies, .attributesOnly, .nothing: break
    }
    if !hasContents(source) {
      // Only whoever follows no link at all puts a link or a node into another's place.
      if copiesLinks, product == .copies { return .replace }
      return source.type == .symbolicLink && force ? .replace : .create
    }
    guard let target = existing.target else {
      if existing.isLoop { return force ? .replace : .createThroughLink }
      return writesThroughDanglingLinks ? .createThroughLink : .refuse(.danglingLink)
    }
    // The other names of what is there are to keep their data.
    if keepsHardLinks, product == .copies, target.type == .regular, target.linkCount > 1 {
      return .replace
    }
    return .overwrite(orReplace: force)
  }

  /// Whether it is read, and not made anew.
  private func hasContents(_ source: FileStatus) -> Bool {
    switch source.type {
    case .regular: true
    case .symbolicLink, .directory: false
    default: readsSpecialFiles
    }
  }

  private func isNewer(_ source: FileStatus, than existing: EntryFacts.Existing) -> Bool {
    if source.type == .symbolicLink {
      return source.isNewer(than: existing.link, ifCopied: keepsTimes)
    }
    let goes = removesDestination || backups != nil || product.isLinks
    guard let there = goes ? existing.link : existing.target else { return true }
    return source.isNewer(than: there, ifCopied: keepsTimes)
  }
}
