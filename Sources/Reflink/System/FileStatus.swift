public import SystemPackage

extension FileType {
  /// A type that this library does not know, and what a directory's record says where the
  /// file system does not tell.
  package static var unknown: FileType { FileType(rawValue: 0) }
}

/// What statx(2) tells of a file.
public struct FileStatus: Sendable, Hashable {
  /// Which file it is.
  public var identity: FileStatus.Identity
  /// What it is.
  public var type: FileType
  /// Permission, set-id and sticky bits.
  public var permissions: FilePermissions
  /// The number of names the file has.
  public var linkCount: UInt32
  /// The user id.
  public var owner: UserID
  /// The group id.
  public var group: GroupID
  /// Bytes from the first to the last, holes included.
  public var size: Int64
  /// Bytes that storage holds for it; blocks shared with other files count in full.
  public var allocatedBytes: Int64
  /// Device number of a device node (st_rdev).
  public var specialDevice: DeviceID
  /// When it was last read, as far as that is noted.
  public var accessed: FileStatus.Time
  /// When its data was last changed.
  public var modified: FileStatus.Time
  /// When its data or attributes were last changed.
  public var changed: FileStatus.Time

  /// For tests of what decides by it.
  public init(
    identity: Identity, type: FileType = .regular, permissions: FilePermissions = .ownerReadWrite,
    linkCount: UInt32 = 1, owner: UserID = UserID(rawValue: 0),
    group: GroupID = GroupID(rawValue: 0), size: Int64 = 0, allocatedBytes: Int64 = 0,
    specialDevice: DeviceID = DeviceID(rawValue: 0), accessed: Time = Time(seconds: 0),
    modified: Time = Time(seconds: 0), changed: Time = Time(seconds: 0)
  ) {
    self.identity = identity
    self.type = type
    self.permissions = permissions
    self.linkCount = linkCount
    self.owner = owner
    self.group = group
    self.size = size
    self.allocatedBytes = allocatedBytes
    self.specialDevice = specialDevice
    self.accessed = accessed
    self.modified = modified
    self.changed = changed
  }
}

extension FileStatus {
  /// Which file it is: two names with one identity are one file.
  public struct Identity: Sendable, Hashable {
    /// The device number that statx(2) gives. Btrfs gives one to every subvolume.
    public var device: DeviceID
    /// The inode number on that device.
    public var inode: Inode

    /// Of a file by its numbers.
    public init(device: DeviceID, inode: Inode) {
      self.device = device
      self.inode = inode
    }
  }

  /// A moment, in seconds and nanoseconds since 1970.
  public struct Time: Sendable, Hashable, Comparable {
    /// Whole seconds, negative before 1970.
    public var seconds: Int64
    /// What is beyond the whole seconds.
    public var nanoseconds: UInt32

    /// A moment; `nanoseconds` is less than 1,000,000,000.
    public init(seconds: Int64, nanoseconds: UInt32 = 0) {
      self.seconds = seconds
      self.nanoseconds = nanoseconds
    }

    /// Whether `a` was before `b`.
    public static func < (a: Time, b: Time) -> Bool {
      (a.seconds, a.nanoseconds) < (b.seconds, b.nanoseconds)
    }
  }
}
