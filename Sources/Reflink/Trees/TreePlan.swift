/// What a copy of a tree would copy.
public struct TreePlan: Sendable, Hashable, Codable {
  /// Regular files; of several names for one, the first.
  public let files: Int
  /// Directories, the outermost among them.
  public let directories: Int
  /// Further names of files.
  public let hardLinks: Int
  /// Symbolic links that are copied as such.
  public let symbolicLinks: Int
  /// FIFOs, sockets and device nodes.
  public let specialFiles: Int
  /// Left out by the filter; of a directory, only itself is counted.
  public let excluded: Int
  /// Entries that could not be looked at.
  public let failures: Int
  /// Sizes of the regular files, holes among them included.
  public let bytes: Int64

  /// For tests of what takes plans.
  public init(
    files: Int = 0, directories: Int = 0, hardLinks: Int = 0, symbolicLinks: Int = 0,
    specialFiles: Int = 0, excluded: Int = 0, failures: Int = 0, bytes: Int64 = 0
  ) {
    self.files = files
    self.directories = directories
    self.hardLinks = hardLinks
    self.symbolicLinks = symbolicLinks
    self.specialFiles = specialFiles
    self.excluded = excluded
    self.failures = failures
    self.bytes = bytes
  }

  init(_ outcome: TreeOutcome) {
    files = outcome.files
    directories = outcome.directories
    hardLinks = outcome.hardLinks
    symbolicLinks = outcome.symbolicLinks
    specialFiles = outcome.specialFiles
    excluded = outcome.excluded
    failures = outcome.failures
    bytes = outcome.plannedBytes
  }

  /// All that would be made.
  public var entries: Int { files + directories + hardLinks + symbolicLinks + specialFiles }
}
