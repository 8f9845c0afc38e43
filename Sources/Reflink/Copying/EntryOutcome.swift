public import SystemPackage

/// What became of one entry of a tree.
public enum EntryOutcome: Sendable, Hashable {
  case skipped
  /// Left out by the filter.
  case excluded
  case file(CopyOutcome)
  /// Another name for a file that was copied already.
  case hardLink
  case symbolicLink
  case special
  /// Made, or entered where it was there; its entries follow.
  case folder(isNew: Bool)
  /// A folder on the way to an operand, made like its source.
  case parentFolder
  /// What had the destination's name was removed to make room; what takes its place follows.
  case removed
  /// The same, but it was kept under another name.
  case movedAside(to: FilePath)
}

/// Told of each entry that was dealt with, a folder before what is in it.
public typealias EntryListener =
  @Sendable (
    _ outcome: EntryOutcome, _ source: FilePath, _ destination: FilePath
  ) -> Void
