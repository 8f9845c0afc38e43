/// Which of two files is newer, where one may be a copy that keeps times less finely.
extension FileStatus {
  /// Whether this file was modified after `copy`. With `ifCopied` a file that has this one's time,
  /// as far as its file system can keep it, is not older: vfat keeps two seconds, ext4 with inodes
  /// of 128 bytes one.
  package func isNewer(than copy: FileStatus, ifCopied: Bool) -> Bool {
    ifCopied
      ? modified.roundedDown(to: copy.timeUnit) > copy.modified : modified > copy.modified
  }

  /// Whether a copy has this file's time, as far as its file system can keep it.
  func hasTime(of copy: FileStatus) -> Bool {
    modified == copy.modified || modified.roundedDown(to: copy.timeUnit) == copy.modified
  }

  /// The coarsest unit, in nanoseconds, that the two times may be multiples of that the system
  /// itself set or kept. A time of the change that is one by chance is as good as impossible.
  private var timeUnit: Int64 {
    let isFine = { (unit: UInt32) in
      self.modified.nanoseconds % unit != 0 || self.changed.nanoseconds % unit != 0
    }
    if isFine(100) { return 1 }
    if isFine(1000) { return 100 }
    if isFine(10_000_000) { return 1000 }
    if modified.nanoseconds != 0 { return 10_000_000 }
    if changed.nanoseconds == 0 { return 1_000_000_000 }
    // vfat: changes to 10 ms, modifications to an even second.
    return modified.seconds % 2 == 0 ? 2_000_000_000 : 10_000_000
  }
}

extension FileStatus.Time {
  /// The last multiple of a unit in nanoseconds that is not after this time.
  fileprivate func roundedDown(to unit: Int64) -> FileStatus.Time {
    if unit == 2_000_000_000 { return FileStatus.Time(seconds: seconds & ~1, nanoseconds: 0) }
    let rest = Int64(nanoseconds) % unit
    return FileStatus.Time(seconds: seconds, nanoseconds: UInt32(Int64(nanoseconds) - rest))
  }
}
