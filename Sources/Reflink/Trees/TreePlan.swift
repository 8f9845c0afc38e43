/// What a copy of a tree would copy.
public struct TreePlan: Sendable, Hashable {
  /// Regular files; of several names for one, the first.
  public let files: Int
  /// Folders, the outermost among them.
  public let folders: Int
  /// Further names of files.
  public let hardLinks: Int
  /// Symbolic links that are copied as such.
  public let symbolicLinks: Int
  /// FIFOs, sockets and device nodes.
  public let specials: Int
  /// Left out by the filter; of a folder, only itself is counted.
  public let excluded: Int
  /// Entries that could not be looked at.
  public let failures: Int
  /// Sizes of the regular files, holes among them included.
  public let bytes: Int64

  init(_ outcome: TreeOutcome) {
    files = outcome.files
    folders = outcome.folders
    hardLinks = outcome.hardLinks
    symbolicLinks = outcome.symbolicLinks
    specials = outcome.specials
    excluded = outcome.excluded
    failures = outcome.failures
    bytes = outcome.planned
  }

  /// All that would be made.
  public var entries: Int { files + folders + hardLinks + symbolicLinks + specials }
}
