import SystemPackage

extension CopyOutcome {
  /// Beyond this size, a block, nothing is kept in metadata.
  private static var largestInline: Int64 { 4096 }

  /// Tells apart what was cloned and is not shared, since the file system keeps it in its
  /// metadata. One FIEMAP call, for small files only; no answer changes nothing.
  mutating func reclassifyInlineData(of file: borrowing Descriptor) {
    guard cloned > 0, cloned <= Self.largestInline,
      let first = (try? file.extents(from: 0, atMost: 1))?.first, first.flags.contains(.inline)
    else { return }
    inline = cloned
    cloned = 0
  }
}
