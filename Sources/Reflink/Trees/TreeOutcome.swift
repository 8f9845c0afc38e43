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

  init(of outcome: EntryOutcome) {
    add(outcome)
  }

  mutating func add(_ other: TreeOutcome) {
    files += other.files
    folders += other.folders
    hardLinks += other.hardLinks
    symbolicLinks += other.symbolicLinks
    specials += other.specials
    skipped += other.skipped
    failures += other.failures
    cloned += other.cloned
    offloaded += other.offloaded
    copied += other.copied
    holes += other.holes
  }

  mutating func add(_ outcome: EntryOutcome) {
    switch outcome {
    case .skipped: skipped += 1
    case .hardLink: hardLinks += 1
    case .symbolicLink: symbolicLinks += 1
    case .special: specials += 1
    case .folder, .parentFolder: folders += 1
    case .removed, .movedAside: break
    case .file(let file):
      files += 1
      cloned += file.cloned
      offloaded += file.offloaded
      copied += file.copied
      holes += file.holes
    }
  }
}
