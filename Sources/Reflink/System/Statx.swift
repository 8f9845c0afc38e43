import CReflink
import SystemPackage

extension FileType {
  /// From the type bits of `st_mode`.
  init(mode: UInt32) { self.init(rawValue: mode & 0o170000) }

  /// From `d_type` of a directory's record, which uses the same bits, shifted.
  init(record: UInt8) { self.init(mode: UInt32(record) << 12) }
}

extension FileStatus {
  init(_ status: creflink_status) {
    identity = Identity(
      device: DeviceID(rawValue: UInt(truncatingIfNeeded: status.device)),
      inode: Inode(rawValue: UInt(truncatingIfNeeded: status.inode)))
    type = FileType(mode: status.mode)
    permissions = FilePermissions(rawValue: status.mode & 0o7777)
    linkCount = status.links
    owner = UserID(rawValue: status.owner)
    group = GroupID(rawValue: status.group)
    size = Int64(clamping: status.size)
    allocatedBytes = Int64(
      clamping: status.blocks.multipliedReportingOverflow(by: 512).partialValue)
    specialDevice = DeviceID(rawValue: UInt(truncatingIfNeeded: status.special_device))
    accessed = FileStatus.Time(status.accessed)
    modified = FileStatus.Time(status.modified)
    changed = FileStatus.Time(status.changed)
  }
}

extension FileStatus.Time {
  fileprivate init(_ time: creflink_time) {
    self.init(seconds: time.seconds, nanoseconds: time.nanoseconds)
  }

  var shim: creflink_time {
    creflink_time(seconds: seconds, nanoseconds: nanoseconds)
  }
}

/// Who may do what with a file.
struct FileRights: Equatable {
  var permissions: FilePermissions
  var owner: UserID
  var group: GroupID
  /// When it came into being, in seconds since 1970; `Int64.max` where that is not told.
  var created: Int64
}

extension Descriptor {
  /// statx(2) of the open file, for its rights alone: cheaper for a file that is still changing.
  func rights() throws(SystemError) -> FileRights {
    var rights = creflink_rights()
    _ = try check(.statx) { unsafe creflink_rights_of(number, &rights) }
    return FileRights(
      permissions: FilePermissions(rawValue: rights.mode & 0o7777),
      owner: UserID(rawValue: rights.owner), group: GroupID(rawValue: rights.group),
      created: rights.created)
  }

  /// statx(2): when the file came into being; nil where the file system does not tell.
  func created() -> FileStatus.Time? {
    var time = creflink_time()
    return unsafe creflink_created_of(number, &time) < 0 ? nil : FileStatus.Time(time)
  }

  /// statx(2) of the open file itself.
  func status() throws(SystemError) -> FileStatus {
    var status = creflink_status()
    _ = try check(.statx) { unsafe creflink_status_of(number, &status) }
    return FileStatus(status)
  }

  /// statx(2) of a name in this directory, or of what it links to.
  func status(of name: Name, follow: Bool) throws(SystemError) -> FileStatus {
    var status = creflink_status()
    _ = try check(.statx) { unsafe creflink_status_at(number, name.pointer, follow, &status) }
    return FileStatus(status)
  }

  /// Whether this process may write to a name, by its effective ids; faccessat(2).
  func canWrite(_ name: Name) -> Bool {
    unsafe creflink_access_writable(number, name.pointer) == 0
  }

  /// The same, where a missing name is an answer.
  func statusIfPresent(of name: Name, follow: Bool) throws(SystemError) -> FileStatus? {
    do throws(SystemError) {
      return try status(of: name, follow: follow)
    } catch {
      if error.errno == .noSuchFileOrDirectory { return nil }
      throw error
    }
  }
}
