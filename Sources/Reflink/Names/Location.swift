package import SystemPackage

/// Where something is, or is to be: a name in an open directory. All work on it is relative
/// to the directory, so that neither a change of the current directory nor a directory that
/// somebody moves or replaces meanwhile leads it elsewhere.
struct Location: ~Escapable {
  let directory: Directory
  /// One component; of what a caller named, with the slashes at its end.
  let name: Name

  @_lifetime(copy name)
  init(_ directory: Directory, _ name: Name) {
    self.directory = directory
    self.name = name
  }

  /// The whole path, put together only when somebody is to read it.
  var path: FilePath { bytes.path }

  /// The same byte for byte, as the target of a symbolic link has it.
  var bytes: OwnedName { directory.path.bytes(appending: OwnedName(name)) }
}

extension Location {
  /// statx(2) of the name.
  func status(follow: Bool = false) throws(SystemError) -> FileStatus {
    try directory.descriptor.status(of: name, follow: follow)
  }

  /// The same, where a missing name is an answer.
  func statusIfPresent(follow: Bool = false) throws(SystemError) -> FileStatus? {
    try directory.descriptor.statusIfPresent(of: name, follow: follow)
  }

  /// openat(2).
  func open(_ flags: OpenFlags, mode: UInt32 = 0) throws(SystemError) -> Descriptor {
    try directory.descriptor.open(name, flags, mode: mode)
  }

  /// Whether two locations are one name of one directory.
  func isSameName(as other: Location) throws(SystemError) -> Bool {
    guard
      OwnedName(name).withoutTrailingSlashes == OwnedName(other.name).withoutTrailingSlashes
    else { return false }
    if directory === other.directory { return true }
    return try directory.descriptor.status().identity
      == other.directory.descriptor.status().identity
  }
}

/// A location that may be kept: what a caller named, and work that goes on later.
package struct OwnedLocation: Sendable {
  package let directory: Directory
  package let name: OwnedName

  package init(_ directory: Directory, _ name: OwnedName) {
    self.directory = directory
    self.name = name
  }

  init(_ location: Location) {
    directory = location.directory
    name = OwnedName(location.name)
  }

  /// What a caller named: opens the directory that holds the name, once, on the calling
  /// thread. Throws the errno of openat(2) for that directory.
  init(resolving path: OwnedName) throws(SystemError) {
    let (prefix, name) = path.split()
    let flags: OpenFlags = [.reference, .directory]
    let here = Descriptor.currentDirectory
    let parent =
      prefix.isEmpty
      ? try here.open(Name(literal: "."), flags)
      : try prefix.with { (name) throws(SystemError) in try here.open(name, flags) }
    self.init(Directory(parent, DirectoryPath(prefix)), name)
  }

  /// The same without opening a directory, for a process that has no descriptor left: the whole path is
  /// the name, from wherever the working directory is. Temporary names, where one is needed, are made in that;
  /// only for a program that does not change it meanwhile.
  init(fromWorkingDirectory path: OwnedName) {
    self.init(Directory(.currentDirectory, DirectoryPath(OwnedName(""))), path)
  }

  package var path: FilePath { directory.path.bytes(appending: name).path }

  /// statx(2) of a path, links followed.
  package static func status(of path: OwnedName) throws(Errno) -> FileStatus {
    do throws(SystemError) {
      return try OwnedLocation(resolving: path).with { (location) throws(SystemError) in
        try location.status(follow: true)
      }
    } catch {
      throw error.errno
    }
  }

  /// Lends a source and a destination.
  static func with<Value: ~Copyable, Failure: Error>(
    _ source: OwnedLocation, _ destination: OwnedLocation,
    _ body: (Location, Location) throws(Failure) -> Value
  ) throws(Failure) -> Value {
    try source.name.with { (from) throws(Failure) in
      try destination.name.with { (to) throws(Failure) in
        try body(Location(source.directory, from), Location(destination.directory, to))
      }
    }
  }

  func with<Value: ~Copyable, Failure: Error>(
    _ body: (Location) throws(Failure) -> Value
  ) throws(Failure) -> Value {
    try name.with { (name) throws(Failure) in try body(Location(directory, name)) }
  }
}

/// One name in one directory, however a path to it is written.
package struct EntryIdentity: Hashable, Sendable {
  private let directory: FileStatus.Identity
  private let name: OwnedName
  package let isDirectory: Bool
  /// Of the directory that it is in.
  package var device: DeviceID { directory.device }

  /// Nil where there is no such entry, or nothing behind a link that is to be followed.
  package init?(_ path: OwnedName, follow: Bool) {
    do throws(SystemError) {
      let location = try OwnedLocation(resolving: path)
      let status = try location.with { (location) throws(SystemError) in
        try location.status(follow: follow)
      }
      directory = try location.directory.descriptor.status().identity
      name = location.name.withoutTrailingSlashes
      isDirectory = status.type == .directory
    } catch {
      return nil
    }
  }
}

/// Makes system calls; a failure is told with the names that belong to it.
func attempt<Value: ~Copyable>(
  _ operation: ReflinkError.Operation, _ source: Location, _ destination: Location,
  _ body: () throws(SystemError) -> Value
) throws(ReflinkError) -> Value {
  do throws(SystemError) {
    return try body()
  } catch {
    throw error.during(operation, source.path, destination.path)
  }
}
