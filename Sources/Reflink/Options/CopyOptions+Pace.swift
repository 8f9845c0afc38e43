extension CopyOptions {
  /// How much of the machine a copy takes from others. Clones are not slowed down: they move no data.
  public struct Pace: Sendable, Hashable {
    /// Whether a copy stands back.
    @nonexhaustive
    public enum Priority: Sendable, Hashable {
      /// Like all others.
      case normal
      /// With what nobody else wants. The copy runs on threads of its own in the scheduling class
      /// SCHED_IDLE and the I/O class "idle" (ioprio_set(2), which depends on the block device's
      /// scheduler); a caller's own thread, in `Blocking` verbs, keeps its class. Data goes through
      /// memory and leaves the page cache as it was: RWF_DONTCACHE where the file system knows it (Linux
      /// 6.14; not Btrfs), else sync_file_range(2) and posix_fadvise(2).
      case background
    }

    /// Whether the copy stands back.
    public var priority: Priority
    /// Bytes that are moved in one second at most, by all threads of the copy together; nil for no
    /// limit. Cloned bytes and holes do not count.
    public var bytesPerSecond: Int64?

    /// A pace.
    public init(priority: Priority = .normal, bytesPerSecond: Int64? = nil) {
      self.priority = priority
      self.bytesPerSecond = bytesPerSecond
    }

    /// As fast as possible.
    public static let full = Pace()
  }
}
