import CReflink
import SystemPackage

/// The inode flags of ioctl_iflags(2).
struct InodeFlags: OptionSet {
  let rawValue: UInt32
  /// Btrfs: data is overwritten in place, and shares only with files that have the flag too.
  static let noCopyOnWrite = InodeFlags(rawValue: UInt32(CREFLINK_FLAG_NO_COPY_ON_WRITE))
}

extension Descriptor {
  /// FS_IOC_GETFLAGS.
  func inodeFlags() throws(SystemError) -> InodeFlags {
    var flags: UInt32 = 0
    _ = try check(.getInodeFlags) { unsafe creflink_get_inode_flags(number, &flags) }
    return InodeFlags(rawValue: flags)
  }

  /// FS_IOC_SETFLAGS. Read back: a file system may answer 0 and change nothing.
  func setInodeFlags(_ flags: InodeFlags) throws(SystemError) {
    _ = try check(.setInodeFlags) { creflink_set_inode_flags(number, flags.rawValue) }
  }

  /// The next byte of data at or after `offset`; nil when only a hole follows.
  func nextData(from offset: Int64) throws(SystemError) -> Int64? {
    do throws(SystemError) {
      return try check(.seek, at: offset) { creflink_seek_data(number, offset) }
    } catch {
      if error.errno == .noSuchAddressOrDevice { return nil }
      throw error
    }
  }

  /// The next hole at or after `offset`; the file's end counts as one.
  func nextHole(from offset: Int64) throws(SystemError) -> Int64 {
    try check(.seek, at: offset) { creflink_seek_hole(number, offset) }
  }

  /// Whether one bounded FIEMAP call shows more extents than `limit`.
  func hasMoreExtents(than limit: UInt32) throws(SystemError) -> Bool {
    try check(.extents) { creflink_extents_exceed(number, limit) } != 0
  }
}
