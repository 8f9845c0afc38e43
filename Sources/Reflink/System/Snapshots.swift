import CReflink

/// Snapshots that a file system makes by itself.
extension Descriptor {
  /// OCFS2_IOC_REFLINK with everything preserved; `self` is any file of that file system.
  func reflink(_ source: Name, to destination: Name) throws(SystemError) {
    _ = try check(.reflink) {
      unsafe creflink_ocfs2_reflink(number, source.pointer, destination.pointer, true)
    }
  }

  /// BTRFS_IOC_SNAP_CREATE_V2 of the subvolume `source`; `self` is the directory of the new name.
  func snapshot(
    of source: borrowing Descriptor, as name: Name, readOnly: Bool
  ) throws(SystemError) {
    let from = source.number
    _ = try check(.subvolume) {
      unsafe creflink_btrfs_snapshot(from, number, name.pointer, readOnly)
    }
  }
}
