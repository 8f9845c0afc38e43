extension CopyOptions {
  /// Whether a copy's data is to be shared with its source.
  public enum Cloning: Sendable, Hashable {
    /// Share all of it by FICLONE, or fail. Nothing is offloaded or copied.
    case required
    /// Share where that works; else offload to the kernel or copy, and say why.
    case preferred
    /// Make data of its own: no FICLONE, and no copy_file_range(2), which may share.
    case never
  }

  /// In how many pieces a file is cloned.
  @nonexhaustive
  public enum Slices: Sendable, Hashable {
    /// By one FICLONE: the copy is the source as of one moment. On a file of many extents
    /// that takes long (10 to 30 µs each), and whoever writes to the source waits for it.
    case whole
    /// By one FICLONERANGE for so many bytes each, rounded up to a multiple of 64 KiB.
    /// Writers get their turn in between, so that the copy is **not** of one moment:
    /// a slice may hold what was written after another was cloned.
    case bytes(Int64)
    /// The same, by slices that take about so long each; 20 ms are hardly noticed.
    case time(Duration)
  }

  /// What becomes of runs without data.
  @nonexhaustive
  public enum Holes: Sendable, Hashable {
    /// A hole in the source is a hole in the copy.
    case keep
    /// Runs of zeros in the data become holes too.
    case detect
    /// The copy has no holes: every byte is written. Excludes cloning.
    case fill
  }
}
