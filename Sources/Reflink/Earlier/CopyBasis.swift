public import SystemPackage

/// Earlier copies of what is copied, which a copy builds on: what has not changed is shared with
/// them, and takes neither reading nor space.
///
/// A file that has the size and the modification time of its earlier copy (to the nanosecond, as far as the
/// file system keeps them) is taken for unchanged: the earlier copy is cloned. Of one that has changed the earlier
/// copy is cloned too, and then brought up to date: only blocks that differ are written, and only they take space.
/// Attributes are the source's in both cases. Where the destination cannot clone, what is unchanged is copied from the
/// earlier copy, which is near, and what has changed from the source.
///
/// What is new gets its name when it is complete, a directory with all that is in it (`CopyOptions.Publication.unnamed`
/// where `inPlace` was asked for): the earlier copy is never written to.
public struct CopyBasis: Sendable, Hashable {
  /// Earlier copies: a file of a file, a directory of a directory, on the destination's file system. The first one
  /// that has an entry counts for it. 20 at most.
  public var copies: [FilePath]
  /// A clone of the source from which the copies were made, on the source's file system. Then ranges that the
  /// source still shares with it are known to be equal, and are not read: see `changedRanges`, which says what that
  /// takes. The source is cloned once more, into a file without a name, so that the copy is of one moment.
  ///
  /// It counts for a file where the earlier copy has its size and time, and came into being after the last change of the
  /// clone; else the two are compared by content.
  public var snapshot: FilePath?
  /// Whether files of the same size and time are compared by content too. The snapshot, which relies on times, proves
  /// nothing then.
  public var ignoresTimes: Bool

  /// What to build on.
  public init(_ copies: [FilePath], snapshot: FilePath? = nil, ignoresTimes: Bool = false) {
    self.copies = copies
    self.snapshot = snapshot
    self.ignoresTimes = ignoresTimes
  }

  /// How many earlier copies are looked at.
  public static var mostCopies: Int { 20 }
}
