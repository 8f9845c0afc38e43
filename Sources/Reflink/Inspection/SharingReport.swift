/// What two files share with each other.
public struct SharingReport: Sendable, Hashable, Codable {
  /// An account of every byte of one of the two.
  public struct Account: Sendable, Hashable, Codable {
    /// Bytes whose place on storage the other of the two refers to as well: proof.
    public var sharedWithEachOther: Int64 = 0
    /// Bytes of data that the file system calls shared, and the other of the two does not
    /// have; on Btrfs an upper bound, see `ExtentMap.Extent.Kind.data`.
    public var sharedWithOthers: Int64 = 0
    /// Bytes of data that nobody else refers to.
    public var exclusive: Int64 = 0
    /// Bytes that are kept in metadata, which nobody shares.
    public var inline: Int64 = 0
    /// Bytes that are reserved and were never written.
    public var unwritten: Int64 = 0
    /// Bytes without anything behind them.
    public var holes: Int64 = 0
    /// Bytes of which the file system does not tell.
    public var unknown: Int64 = 0

    /// Of an empty file. For tests, all of it can be set.
    public init() {}

    /// Bytes of data that could be shared.
    public var data: Int64 {
      sharedWithEachOther.saturatingAdd(sharedWithOthers).saturatingAdd(exclusive)
    }
    /// The file's size.
    public var total: Int64 {
      data.saturatingAdd(inline).saturatingAdd(unwritten).saturatingAdd(holes)
        .saturatingAdd(unknown)
    }
  }

  /// How much of their data two files share.
  @nonexhaustive
  public enum Verdict: Sendable, Hashable {
    /// All data of both.
    case all
    /// A part of it, or all of one and not of the other.
    case some
    /// There is data, and no common place.
    case none
    /// Neither has data that could be shared: empty, holes, inline.
    case noData
    /// The file system does not tell.
    case unknown
  }

  /// Of the first file.
  public let first: Account
  /// Of the second file.
  public let second: Account

  /// The accounts of two files.
  public init(first: Account, second: Account) {
    self.first = first
    self.second = second
  }

  /// In one word.
  public var verdict: Verdict {
    let sharing = first.sharedWithEachOther
    if first.unknown > 0 || second.unknown > 0 { return sharing > 0 ? .some : .unknown }
    if first.data == 0, second.data == 0 { return .noData }
    if sharing == 0 { return .none }
    return first.data == sharing && second.data == second.sharedWithEachOther ? .all : .some
  }
}
