/// What became of a file that was to share what it has in common with another, in bytes of the file.
public struct DeduplicationOutcome: Sendable, Hashable, Codable {
  /// Shared now: the kernel found them equal.
  public var shared: Int64 = 0
  /// Shared before, or zeros without storage in both.
  public var sharedBefore: Int64 = 0
  /// Not shared: they differ, or are not at the same place in the other file.
  public var different: Int64 = 0
  /// Equal, and in a block of which only a part is; see `deduplicate`.
  public var unaligned: Int64 = 0

  /// Of nothing yet. For tests of what takes outcomes, all that is told can be set.
  public init() {}
}
