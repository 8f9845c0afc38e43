/// Which bytes of a file may differ from those of an earlier clone of it.
public struct ChangedRanges: Sendable, Hashable, Codable {
  /// How much the answer says.
  @nonexhaustive
  public enum Certainty: Sendable, Hashable, Codable {
    /// What is called changed was written, or moved to another place.
    case exact
    /// Some of what is called changed is so for lack of knowledge: compressed, inline, not aligned.
    case upperBound
    /// Nothing is known, and everything is called changed: the two are not on one file system, it
    /// is none whose shared blocks are never written in place (XFS, Btrfs), or the clone was written to meanwhile.
    case unknown
  }

  /// The file's size, in bytes.
  public let size: Int64
  /// Ranges that may differ, in order. What the file has past the clone's end is among them.
  public let changed: [Range<Int64>]
  /// Ranges that are equal for certain. The two lists cover the file together.
  public let equal: [Range<Int64>]
  /// How much is known.
  public let certainty: Certainty

  /// For tests of what takes it.
  public init(
    size: Int64, changed: [Range<Int64>], equal: [Range<Int64>], certainty: Certainty
  ) {
    self.size = size
    self.changed = changed
    self.equal = equal
    self.certainty = certainty
  }

  /// Bytes that may differ.
  public var bytesChanged: Int64 { changed.reduce(0) { $0.saturatingAdd($1.length) } }
}
