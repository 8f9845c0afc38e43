import CReflink
import SystemPackage

/// The inode flags of ioctl_iflags(2).
struct InodeFlags: OptionSet {
  let rawValue: UInt32
  /// Data is to be compressed.
  static let compressed = InodeFlags(rawValue: UInt32(CREFLINK_FLAG_COMPRESSED))
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

  /// Whether both are on one file system. Btrfs has a device number for every subvolume.
  func isOnFileSystem(of other: borrowing Descriptor) -> Bool {
    if let mine = try? status().identity.device,
      let theirs = try? other.status().identity.device, mine == theirs
    {
      return true
    }
    guard let mine = btrfsIdentity() else { return false }
    return mine == other.btrfsIdentity()
  }

  /// BTRFS_IOC_FS_INFO: what all subvolumes of one Btrfs have in common; nil elsewhere.
  private func btrfsIdentity() -> [UInt8]? {
    var identity = [UInt8](repeating: 0, count: 16)
    let result = unsafe identity.withUnsafeMutableBufferPointer { buffer in
      unsafe creflink_btrfs_identity(number, buffer.baseAddress)
    }
    return result < 0 ? nil : identity
  }

  /// Whether FIEMAP tells places of both in one space, where what two files refer to is never written in
  /// place: XFS and Btrfs, as far as is known here. False for one file.
  func hasComparablePlaces(with other: borrowing Descriptor) -> Bool {
    guard let type = try? fileSystemType(), type == .xfs || type == .btrfs,
      isOnFileSystem(of: other), let mine = try? status().identity,
      let theirs = try? other.status().identity, mine != theirs
    else { return false }
    return isOnRealtimeDevice == other.isOnRealtimeDevice
  }

  /// Whether its data is on the real-time device of XFS; FS_IOC_FSGETXATTR.
  private var isOnRealtimeDevice: Bool { creflink_is_on_realtime_device(number) > 0 }

  /// The next byte of data at or after `offset`; nil when only a hole follows.
  @inline(never)
  func nextData(from offset: Int64) throws(SystemError) -> Int64? {
    do throws(SystemError) {
      return try check(.seek, at: offset) { creflink_seek_data(number, offset) }
    } catch {
      if error.errno == .noSuchAddressOrDevice { return nil }
      throw seekFailure(error)
    }
  }

  /// The next hole at or after `offset`; the file's end counts as one.
  @inline(never)
  func nextHole(from offset: Int64) throws(SystemError) -> Int64 {
    do throws(SystemError) {
      return try check(.seek, at: offset) { creflink_seek_hole(number, offset) }
    } catch {
      throw seekFailure(error)
    }
  }

  /// Of SMB, EIO means that there is more than one run of data (measured on Linux 6.1 with Samba 4.17), not damage: as if
  /// the file system could not tell.
  @inline(never)
  private func seekFailure(_ error: SystemError) -> SystemError {
    guard error.errno == .ioError, (try? fileSystemType())?.isSMB ?? false else { return error }
    return SystemError(call: .seek, errno: .notSupported)
  }

  /// Whether one bounded FIEMAP call shows more extents than `limit`.
  func hasMoreExtents(than limit: UInt32) throws(SystemError) -> Bool {
    try check(.extents) { creflink_extents_exceed(number, limit) } != 0
  }
}

extension Descriptor {
  /// One extent as FIEMAP tells it.
  struct Extent {
    /// FIEMAP_EXTENT_*.
    struct Flags: OptionSet {
      let rawValue: UInt32
      init(rawValue: UInt32) { self.rawValue = rawValue }
      private init(_ flag: creflink_extent_flags) { rawValue = flag.rawValue }

      static let last = Flags(CREFLINK_EXTENT_LAST)
      static let unknown = Flags(CREFLINK_EXTENT_UNKNOWN)
      static let delayed = Flags(CREFLINK_EXTENT_DELAYED)
      static let encoded = Flags(CREFLINK_EXTENT_ENCODED)
      static let inline = Flags(CREFLINK_EXTENT_INLINE)
      static let unwritten = Flags(CREFLINK_EXTENT_UNWRITTEN)
      static let shared = Flags(CREFLINK_EXTENT_SHARED)
    }

    let range: Range<Int64>
    let physical: UInt64
    let flags: Flags

    /// From what a file system says, which may be anything.
    init(logical: UInt64, length: UInt64, physical: UInt64, flags: UInt32) {
      let start = Int64(clamping: logical)
      range = start..<start + min(Int64(clamping: length), .max - start)
      self.physical = physical
      self.flags = Flags(rawValue: flags)
    }

    var isLast: Bool { flags.contains(.last) }
  }

  /// FS_IOC_FIEMAP with FIEMAP_FLAG_SYNC: without it, what is only in memory has no place
  /// yet, and what was shared is called shared long after a write.
  func extents(from offset: Int64, atMost count: Int) throws(SystemError) -> [Extent] {
    var found = [creflink_extent](repeating: creflink_extent(), count: count)
    let stored = try check(.extents, at: offset) {
      unsafe found.withUnsafeMutableBufferPointer { buffer in
        unsafe creflink_extents(
          number, UInt64(max(offset, 0)), true, buffer.baseAddress, UInt32(clamping: count))
      }
    }
    let hidden = (try? fileSystemType())?.isSMB ?? false ? Extent.Flags.unknown.rawValue : 0
    return found.prefix(Int(stored)).map { extent in
      Extent(
        logical: extent.logical, length: extent.length, physical: extent.physical,
        flags: extent.flags | hidden)
    }
  }
}
