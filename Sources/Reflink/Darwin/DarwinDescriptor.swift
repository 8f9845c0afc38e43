#if canImport(Darwin)
  import Darwin
  import SystemPackage

  /// An open file or directory, which is closed when nobody refers to it any more.
  final class Descriptor: Sendable {
    let number: CInt

    init(owning number: CInt) {
      self.number = number
    }

    /// fcntl(2), F_DUPFD_CLOEXEC. The offset is the one of the descriptor that is duplicated.
    convenience init(duplicating number: CInt) throws(Errno) {
      self.init(owning: try check { fcntl(number, F_DUPFD_CLOEXEC, 0) })
    }

    deinit { close(number) }

    /// fstat(2).
    func status() throws(Errno) -> FileStatus {
      FileStatus(try Stat(FileDescriptor(rawValue: number)))
    }

    /// openat(2) of a name in this directory.
    func open(_ name: String, _ flags: CInt, mode: mode_t = 0) throws(Errno) -> Descriptor {
      Descriptor(
        owning: try check { unsafe openat(number, name, flags | O_CLOEXEC, mode) })
    }

    /// The directory that relative paths begin at.
    static func current() throws(Errno) -> Descriptor {
      Descriptor(
        owning: try check { unsafe openat(AT_FDCWD, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0) })
    }

    /// All names in this directory; readdir(3).
    func names() throws(Errno) -> [String] {
      // The stream takes the descriptor along, and begins at its offset: an opening of its own.
      let opened = try check { unsafe openat(number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0) }
      guard let stream = unsafe fdopendir(opened) else {
        let error = Errno.last
        close(opened)
        throw error
      }
      defer { unsafe closedir(stream) }
      var names: [String] = []
      while true {
        // Nil is both the end and an error.
        unsafe __error().pointee = 0
        guard let entry = unsafe readdir(stream) else { break }
        let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
          unsafe $0.withMemoryRebound(to: CChar.self, capacity: 1) { unsafe String(cString: $0) }
        }
        if name != ".", name != ".." { names.append(name) }
      }
      let error = Errno.last
      if error.rawValue != 0 { throw error }
      return names
    }
  }

  /// A name in an open directory. Opened once, at the call: what becomes of the current directory,
  /// or of names on the way, does not matter later.
  struct Location: Sendable {
    let directory: Descriptor
    let name: String
    /// As it is told in errors and outcomes.
    let path: FilePath

    init(_ name: String, in directory: Descriptor, path: FilePath) {
      self.directory = directory
      self.name = name
      self.path = path
    }

    /// - Parameter here: What relative paths begin at; without one, the current directory.
    init(resolving path: FilePath, from here: Descriptor? = nil) throws(Errno) {
      let parent = path.removingLastComponent().string
      let number = try check {
        unsafe openat(
          here?.number ?? AT_FDCWD, parent.isEmpty ? "." : parent,
          O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
      }
      self.init(
        path.lastComponent?.string ?? ".", in: Descriptor(owning: number), path: path)
    }

    /// fstatat(2); nil where there is no such name.
    func status(follow: Bool) throws(Errno) -> FileStatus? {
      do throws(Errno) {
        return FileStatus(
          try unsafe Stat(
            name, relativeTo: FileDescriptor(rawValue: directory.number),
            flags: follow ? [] : .symlinkNoFollow))
      } catch {
        if error == .noSuchFileOrDirectory { return nil }
        throw error
      }
    }

    func open(_ flags: CInt) throws(Errno) -> Descriptor {
      try directory.open(name, flags)
    }

    /// Something in this directory, which is open as `directory`.
    func entry(_ name: String, in directory: Descriptor) -> Location {
      Location(name, in: directory, path: path.appending(name))
    }

    /// The same directory, and a name for what is not complete.
    var temporary: Location {
      let name = ".reflink-\(String(UInt64.random(in: .min ... .max), radix: 36))"
      return Location(name, in: directory, path: path.removingLastComponent().appending(name))
    }

    /// Whether it is a name that `temporary` gives, here or on Linux.
    var isTemporary: Bool {
      name.hasPrefix(".reflink-") && (10...22).contains(name.utf8.count)
        && name.utf8.dropFirst(9).allSatisfy { (48...57) ~= $0 || (97...122) ~= $0 }
    }
  }

  /// The value of a call, or why it failed. EINTR is repeated here.
  func check(_ body: () -> CInt) throws(Errno) -> CInt {
    while true {
      let result = body()
      if result >= 0 { return result }
      let error = Errno.last
      if error != .interrupted { throw error }
    }
  }

  extension Errno {
    /// Of this thread's last call that failed.
    static var last: Errno { Errno(rawValue: unsafe __error().pointee) }

    /// The same, with the names that only the caller knows.
    func during(
      _ operation: ReflinkError.Operation, _ source: FilePath, _ destination: FilePath? = nil
    ) -> ReflinkError {
      ReflinkError(
        code: ReflinkError.Code(self), operation: operation, source: source,
        destination: destination, errno: self)
    }
  }

  extension FileStatus {
    init(_ status: Stat) {
      self.init(
        identity: Identity(device: status.deviceID, inode: status.inode), type: status.type,
        permissions: status.permissions, linkCount: UInt32(clamping: status.linkCount),
        owner: status.userID, group: status.groupID, size: status.size,
        allocatedBytes: status.sizeAllocated, specialDevice: status.specialDeviceID,
        accessed: Time(status.st_atim), modified: Time(status.st_mtim),
        changed: Time(status.st_ctim))
    }
  }

  extension FileStatus.Time {
    init(_ time: timespec) {
      self.init(seconds: Int64(time.tv_sec), nanoseconds: UInt32(clamping: time.tv_nsec))
    }

    var timespec: Darwin.timespec {
      Darwin.timespec(tv_sec: Int(seconds), tv_nsec: Int(nanoseconds))
    }
  }

  /// A name or path for patterns and messages.
  struct OwnedName: Sendable, Hashable {
    let text: String

    init(_ text: String) { self.text = text }
    init(_ path: FilePath) { text = path.string }

    var path: FilePath { FilePath(text) }

    /// What follows each slash, to the end.
    var afterSlashes: [OwnedName] {
      text.indices.filter { text[$0] == "/" }
        .map { OwnedName(String(text[text.index(after: $0)...])) }
    }

    func with<Result>(_ body: (OwnedName) -> Result) -> Result { body(self) }
  }

  /// A shell pattern; fnmatch(3).
  struct Pattern: Sendable {
    private let text: String

    init(_ text: String) { self.text = text }

    /// - Parameter isPath: Whether wildcards stop at slashes.
    func matches(_ name: OwnedName, isPath: Bool) -> Bool {
      unsafe fnmatch(text, name.text, isPath ? FNM_PATHNAME : 0) == 0
    }
  }

  /// Backups are the command's, which is not built here: nobody asks for names of them.
  package struct BackupNames: Sendable, Hashable {}
#endif
