/// What two files share with each other.
public struct SharingReport: Sendable, Hashable {
  /// An account of every byte of one of the two.
  public struct Account: Sendable, Hashable {
    /// Bytes whose place on storage the other of the two refers to as well: proof.
    public internal(set) var sharedWithEachOther: Int64 = 0
    /// Bytes of data that the file system calls shared, and the other of the two does not
    /// have; on Btrfs an upper bound, see `FileExtent.Kind.data`.
    public internal(set) var sharedWithOthers: Int64 = 0
    /// Bytes of data that nobody else refers to.
    public internal(set) var exclusive: Int64 = 0
    /// Bytes that are kept in metadata, which nobody shares.
    public internal(set) var inline: Int64 = 0
    /// Bytes that are reserved and were never written.
    public internal(set) var unwritten: Int64 = 0
    /// Bytes without anything behind them.
    public internal(set) var holes: Int64 = 0
    /// Bytes of which the file system does not tell.
    public internal(set) var unknown: Int64 = 0

    /// Bytes of data that could be shared.
    public var data: Int64 { sharedWithEachOther + sharedWithOthers + exclusive }
    /// The file's size.
    public var total: Int64 { data + inline + unwritten + holes + unknown }
  }

  /// How much of their data two files share.
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

  /// In one word.
  public var verdict: Verdict {
    let sharing = first.sharedWithEachOther
    if first.unknown + second.unknown > 0 { return sharing > 0 ? .some : .unknown }
    if first.data + second.data == 0 { return .noData }
    if sharing == 0 { return .none }
    return first.data == sharing && second.data == second.sharedWithEachOther ? .all : .some
  }

  init(_ first: ExtentMap, _ second: ExtentMap, onOneFileSystem isOne: Bool = true) {
    self.first = Account(of: first, against: Places(isOne ? second : ExtentMap(extents: [])))
    self.second = Account(of: second, against: Places(isOne ? first : ExtentMap(extents: [])))
  }
}

extension SharingReport.Account {
  fileprivate init(of map: ExtentMap, against other: Places) {
    for extent in map.extents {
      switch extent.kind {
      case .inline: inline += extent.length
      case .unwritten: unwritten += extent.length
      case .hole: holes += extent.length
      case .unknown: unknown += extent.length
      case .data(_, isShared: false, _): exclusive += extent.length
      case .data(let place, isShared: true, let isEncoded):
        let common =
          isEncoded
          ? other.encoded(at: place, in: extent.range)
          : other.plain(in: place..<place + UInt64(extent.length))
        sharedWithEachOther += common
        sharedWithOthers += extent.length - common
      }
    }
  }
}

/// The places on storage that a file calls shared, to be asked about those of another.
private struct Places {
  /// In order, and without overlaps.
  private var plain: [Range<UInt64>] = []
  /// By place; of encoded data only the same range of both files is known to be the same.
  private var encoded: [UInt64: [Range<Int64>]] = [:]

  init(_ map: ExtentMap) {
    var found: [Range<UInt64>] = []
    for extent in map.extents {
      guard case .data(let place, isShared: true, let isEncoded) = extent.kind else { continue }
      if isEncoded {
        encoded[place, default: []].append(extent.range)
      } else {
        found.append(place..<place + UInt64(extent.length))
      }
    }
    found.sort { $0.lowerBound < $1.lowerBound }
    for range in found {
      if let last = plain.last, range.lowerBound <= last.upperBound {
        plain[plain.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
      } else {
        plain.append(range)
      }
    }
  }

  /// Bytes of a range of storage that are among these.
  func plain(in range: Range<UInt64>) -> Int64 {
    var low = 0
    var high = plain.count
    while low < high {
      let middle = (low + high) / 2
      if plain[middle].upperBound <= range.lowerBound { low = middle + 1 } else { high = middle }
    }
    var bytes: UInt64 = 0
    while low < plain.count, plain[low].lowerBound < range.upperBound {
      bytes += UInt64(plain[low].clamped(to: range).count)
      low += 1
    }
    return Int64(bytes)
  }

  func encoded(at place: UInt64, in range: Range<Int64>) -> Int64 {
    (encoded[place] ?? []).reduce(0) { $0 + Int64($1.clamped(to: range).count) }
  }
}
