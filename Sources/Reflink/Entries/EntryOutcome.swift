public import SystemPackage

/// What became of one entry of a tree.
@nonexhaustive
public enum EntryOutcome: Sendable, Hashable {
  /// What has the name was left as it was.
  case skipped(Skipped)
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

extension EntryOutcome {
  /// A source that was not copied, since its name is taken.
  public struct Skipped: Sendable, Hashable {
    /// The source's size in bytes, where it is a regular file.
    public var bytes: Int64
    /// What the source is; nil where nobody looked.
    public var type: FileType?
    /// Whether what was kept is newer than the source and has another size: somebody's changes, or
    /// what a copy in place that was killed has left (`ExistingRule.replaceIfNewer`).
    public var isDifferent: Bool

    /// For tests of what listens.
    public init(bytes: Int64 = 0, type: FileType? = nil, isDifferent: Bool = false) {
      self.bytes = bytes
      self.type = type
      self.isDifferent = isDifferent
    }
  }
}

/// Told of each entry that was dealt with, a directory before what is in it.
package typealias EntryListener =
  @Sendable (
    _ outcome: EntryOutcome, _ source: FilePath, _ destination: FilePath
  ) -> Void
