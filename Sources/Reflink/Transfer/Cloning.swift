/// Whether a copy's data is to be shared with its source.
public enum Cloning: Sendable, Hashable {
  /// Share all of it by FICLONE, or fail. Nothing is offloaded or copied.
  case required
  /// Share where that works; else offload to the kernel or copy, and say why.
  case preferred
  /// Make data of its own: no FICLONE, and no copy_file_range(2), which may share.
  case never
}

/// What becomes of runs without data.
public enum Holes: Sendable, Hashable {
  /// A hole in the source is a hole in the copy.
  case keep
  /// Runs of zeros in the data become holes too.
  case detect
  /// The copy has no holes: every byte is written. Excludes cloning.
  case fill
}
