import SystemPackage

/// The system calls this library makes, by the names of their manual pages.
enum SystemCall: String, Sendable, Hashable {
  case open, close, duplicate = "fcntl", statx, statfs
  case read, write, truncate = "ftruncate", allocate = "fallocate", synchronize = "fsync"
  case synchronizeFileSystem = "syncfs"
  case clone = "FICLONE", cloneRange = "FICLONERANGE", copyRange = "copy_file_range"
  case deduplicate = "FIDEDUPERANGE"
  case helper = "clone", extents = "FIEMAP", seek = "lseek"
  case getInodeFlags = "FS_IOC_GETFLAGS", setInodeFlags = "FS_IOC_SETFLAGS"
  case makeDirectory = "mkdirat", makeSpecial = "mknodat", link = "linkat"
  case symbolicLink = "symlinkat", readLink = "readlinkat", readDirectory = "getdents64"
  case rename = "renameat2", remove = "unlinkat", lock = "flock"
  case setOwner = "fchown", setMode = "fchmod", setTimes = "futimens"
  case listAttributes = "flistxattr", getAttribute = "fgetxattr"
  case setAttribute = "fsetxattr", removeAttribute = "fremovexattr"
  case subvolume = "BTRFS_IOC_SNAP_CREATE_V2", reflink = "OCFS2_IOC_REFLINK"
  case poll = "epoll", thread = "pthread_create", umask
}

/// A system call that failed: all that the lower layers know of an error. Paths
/// are added above, where they are known.
struct SystemError: Error, Equatable {
  var call: SystemCall
  var errno: Errno
  /// Where in the file, in bytes, for calls that work at an offset.
  var offset: Int64?
}

/// Turns the shim's convention (a value, or -errno) into a value or an error.
/// EINTR is repeated here: no caller treats it in another way. So often in a row it comes of a
/// system that answers nothing else.
@inline(__always)
func check<Value: FixedWidthInteger & SignedInteger>(
  _ call: SystemCall, at offset: Int64? = nil, _ body: () -> Value
) throws(SystemError) -> Value {
  var interruptions = 0
  while true {
    let result = body()
    if result >= 0 { return result }
    let errno = Errno(rawValue: CInt(truncatingIfNeeded: -result))
    if errno == .interrupted, interruptions < maxInterruptions {
      interruptions += 1
      continue
    }
    throw SystemError(call: call, errno: errno, offset: offset)
  }
}

/// How often one call is begun again.
private let maxInterruptions = 10_000
