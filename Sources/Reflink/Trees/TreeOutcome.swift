public import SystemPackage

/// What became of one entry of a tree.
public enum EntryOutcome: Sendable, Hashable {
  case skipped
  case file(CopyOutcome)
  /// Another name for a file that was copied already.
  case hardLink
  case symbolicLink
  case special
  /// Made, or entered where it was there; its entries follow.
  case folder(isNew: Bool)
}

/// Told of each entry that was dealt with, a folder before what is in it.
public typealias EntryListener =
  @Sendable (
    _ outcome: EntryOutcome, _ source: FilePath, _ destination: FilePath
  ) -> Void

/// What a tree copy does when one entry fails.
public enum FailureRule: Sendable {
  /// The copy ends with that error; what is there stays.
  case stop
  /// The failure is told and counted, and the rest is copied.
  case goOn(tell: @Sendable (ReflinkError) -> Void)
}

/// A tree copy's account.
public struct TreeOutcome: Sendable, Hashable {
  public internal(set) var files = 0
  public internal(set) var folders = 0
  public internal(set) var hardLinks = 0
  public internal(set) var symbolicLinks = 0
  public internal(set) var specials = 0
  public internal(set) var skipped = 0
  public internal(set) var failures = 0
  /// Bytes, as `CopyOutcome` tells them apart.
  public internal(set) var cloned: Int64 = 0
  public internal(set) var offloaded: Int64 = 0
  public internal(set) var copied: Int64 = 0
  public internal(set) var holes: Int64 = 0

  public init() {}

  mutating func add(_ outcome: EntryOutcome) {
    switch outcome {
    case .skipped: skipped += 1
    case .hardLink: hardLinks += 1
    case .symbolicLink: symbolicLinks += 1
    case .special: specials += 1
    case .folder: folders += 1
    case .file(let file):
      files += 1
      cloned += file.cloned
      offloaded += file.offloaded
      copied += file.copied
      holes += file.holes
    }
  }
}
