public import SystemPackage

/// What became of one entry of a tree.
public enum EntryOutcome: Sendable, Hashable {
  /// Left as it was.
  case skipped
  /// Left out by the filter.
  case excluded
  /// A file was copied.
  case file(CopyOutcome)
  /// Another name for a file that was copied already.
  case hardLink
  /// A symbolic link was made.
  case symbolicLink
  /// A FIFO, a socket or a device node was made.
  case special
  /// Made, or entered where it was there; its entries follow.
  case directory(isNew: Bool)
  /// A directory on the way to an operand, made like its source.
  case parentDirectory
  /// What had the destination's name was removed to make room; what takes its place follows.
  case removed
  /// The same, but it was kept under another name.
  case backedUp(as: FilePath)
}

/// Told of each entry that was dealt with, a directory before what is in it.
public typealias EntryListener =
  @Sendable (
    _ outcome: EntryOutcome, _ source: FilePath, _ destination: FilePath
  ) -> Void
