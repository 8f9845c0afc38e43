/// Where all of a file's data lies, as FS_IOC_FIEMAP told it: every byte is in one extent.
public struct ExtentMap: Sendable, Hashable, Codable {
  /// One after the other, from the first byte to the last.
  public let extents: [ExtentMap.Extent]

  /// Extents that follow each other from the first byte on.
  public init(extents: [Extent]) {
    self.extents = extents
  }

  /// The file's size, in bytes.
  public var size: Int64 { extents.last?.range.upperBound ?? 0 }
  /// Bytes of data that other files (or other places of this one) refer to as well; on
  /// Btrfs an upper bound, see `ExtentMap.Extent.Kind.data`.
  public var shared: Int64 {
    bytes { if case .data(_, let isShared, _) = $0 { isShared } else { false } }
  }
  /// Bytes of data that nobody else refers to.
  public var exclusive: Int64 {
    bytes { if case .data(_, let isShared, _) = $0 { !isShared } else { false } }
  }
  /// Bytes kept in metadata.
  public var inline: Int64 { bytes { $0 == .inline } }
  /// Bytes that are reserved and were never written.
  public var unwritten: Int64 { bytes { $0 == .unwritten } }
  /// Bytes without anything behind them.
  public var holes: Int64 { bytes { $0 == .hole } }
  /// Bytes of which the file system does not tell.
  public var unknown: Int64 { bytes { $0 == .unknown } }

  private func bytes(_ fits: (ExtentMap.Extent.Kind) -> Bool) -> Int64 {
    extents.reduce(0) { fits($1.kind) ? $0.saturatingAdd($1.length) : $0 }
  }
}

extension ExtentMap {
  /// A run of a file and what stands behind it.
  public struct Extent: Sendable, Hashable, Codable {
    /// What stands behind a run of a file.
    @nonexhaustive
    public enum Kind: Sendable, Hashable, Codable {
      /// Data at a place on storage, in bytes. On Btrfs `isShared` tells of the whole extent
      /// that the run is a part of: it may be other parts that somebody else refers to. Of
      /// what is stored encoded (compressed), the place is where all of it begins.
      case data(at: UInt64, isShared: Bool, isEncoded: Bool)
      /// Kept in the file system's metadata; never shared.
      case inline
      /// Reserved and never written; reads as zeros.
      case unwritten
      /// Nothing; reads as zeros.
      case hole
      /// The file system does not tell.
      case unknown
    }

    /// In bytes of the file.
    public let range: Range<Int64>
    /// What stands behind it.
    public let kind: Kind

    /// A run of bytes, and what stands behind it.
    public init(range: Range<Int64>, kind: Kind) {
      self.range = range
      self.kind = kind
    }

    /// Bytes.
    public var length: Int64 { range.upperBound.saturatingSubtract(range.lowerBound) }
  }
}
