import CReflink
import SystemPackage

/// An open file, closed when its owner goes away. Nothing but the number.
struct Descriptor: ~Copyable, Sendable {
  let number: CInt

  /// Takes over a descriptor that nobody else closes.
  init(owning number: CInt) {
    self.number = number
  }

  deinit {
    // The current directory's stand-in is negative and never closed.
    if number >= 0 { _ = creflink_close(number) }
  }

  /// The current directory (AT_FDCWD), where a caller's paths start. Another thread may change
  /// it at any time: only `OwnedLocation` opens from here, once, at the call.
  static var currentDirectory: Descriptor {
    Descriptor(owning: CInt(CREFLINK_CURRENT_DIRECTORY))
  }

  /// Another descriptor of an open file that belongs to somebody else.
  init(duplicating number: CInt) throws(SystemError) {
    self.number = try check(.duplicate) { creflink_duplicate(number) }
  }
}

/// How a file is opened; see open(2). Descriptors are always closed on exec.
struct OpenFlags: OptionSet {
  let rawValue: UInt32

  init(rawValue: UInt32) { self.rawValue = rawValue }
  private init(_ flag: creflink_open_flags) { rawValue = flag.rawValue }

  static let read = OpenFlags([])
  static let write = OpenFlags(CREFLINK_OPEN_WRITE)
  static let readWrite = OpenFlags(CREFLINK_OPEN_READ_WRITE)
  static let create = OpenFlags(CREFLINK_OPEN_CREATE)
  static let exclusive = OpenFlags(CREFLINK_OPEN_EXCLUSIVE)
  static let directory = OpenFlags(CREFLINK_OPEN_DIRECTORY)
  static let noFollow = OpenFlags(CREFLINK_OPEN_NO_FOLLOW)
  static let nonBlocking = OpenFlags(CREFLINK_OPEN_NON_BLOCKING)
  /// A reference that reads nothing (O_PATH), to any type of file.
  static let reference = OpenFlags(CREFLINK_OPEN_REFERENCE)
  /// A file without a name, in the directory that is opened (O_TMPFILE).
  static let unnamed = OpenFlags(CREFLINK_OPEN_UNNAMED)
}

extension Descriptor {
  /// openat(2), `self` being the directory. `mode` counts where a file is made.
  func open(
    _ name: Name, _ flags: OpenFlags, mode: UInt32 = 0
  ) throws(SystemError) -> Descriptor {
    Descriptor(
      owning: try check(.open) {
        unsafe creflink_openat(number, name.pointer, flags.rawValue, mode)
      })
  }

  /// The same without an error to throw: the number of a descriptor that the caller owns, or
  /// the errno.
  func openNumber(_ name: Name, _ flags: OpenFlags) -> (CInt, Errno?) {
    let result = unsafe creflink_openat(number, name.pointer, flags.rawValue, 0)
    return result < 0 ? (-1, Errno(rawValue: -result)) : (result, nil)
  }

  /// The file that a reference stands for, opened for reading through /proc.
  func reopen() throws(SystemError) -> Descriptor {
    try OwnedName("/proc/thread-self/fd/\(number)").with { (name) throws(SystemError) in
      try Descriptor.currentDirectory.open(name, .read)
    }
  }

  /// Another opening of the same pipe, for writing what there is room for, through /proc.
  func reopenForWriting() throws(SystemError) -> Descriptor {
    try OwnedName("/proc/thread-self/fd/\(number)").with { (name) throws(SystemError) in
      try Descriptor.currentDirectory.open(name, [.write, .nonBlocking])
    }
  }

  /// Makes a file system that reports write errors only on close(2), as NFS does,
  /// report them now: closes another descriptor of the file. Where there can be none, writes all out.
  func flush() throws(SystemError) {
    let another: Descriptor
    do throws(SystemError) {
      another = try Descriptor(duplicating: number)
    } catch {
      guard error.errno == .tooManyOpenFiles else { throw error }
      return try synchronize()
    }
    try another.close()
  }

  /// Whether every write goes to the file's end (O_APPEND).
  func isAppending() throws(SystemError) -> Bool {
    try check(.duplicate) { creflink_is_append(number) } == 1
  }

  /// Whether it takes writes.
  func isWritable() throws(SystemError) -> Bool {
    try check(.duplicate) { creflink_is_writable(number) } == 1
  }

  /// close(2), for whoever wants to hear of a write that failed late.
  consuming func close() throws(SystemError) {
    let number = self.number
    discard self
    if number >= 0 { _ = try check(.close) { creflink_close(number) } }
  }
}

extension Descriptor {
  /// Takes the lock of the open file, which others respect that ask for it; flock(2). False where
  /// somebody else has it.
  func tryLock(shared: Bool = false) throws(SystemError) -> Bool {
    do throws(SystemError) {
      _ = try check(.lock) { creflink_try_lock(number, shared) }
      return true
    } catch {
      if error.errno == .wouldBlock { return false }
      throw error
    }
  }

  /// Gives the lock back, also where a process that was forked meanwhile still has the file open.
  func unlock() {
    _ = creflink_unlock(number)
  }
}
