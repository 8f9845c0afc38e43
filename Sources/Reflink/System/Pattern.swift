import CReflink

/// A shell pattern; fnmatch(3).
struct Pattern: Sendable {
  /// Ended by a NUL.
  private let bytes: [CChar]

  init(_ text: String) {
    bytes = text.utf8CString.map { $0 }
  }

  /// - Parameter isPath: Whether wildcards stop at slashes.
  func matches(_ name: EntryName, isPath: Bool) -> Bool {
    unsafe creflink_matches(bytes, name.pointer, isPath)
  }
}
