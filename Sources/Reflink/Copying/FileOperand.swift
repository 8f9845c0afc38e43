import SystemPackage

/// A file that a caller named, or holds open.
enum FileOperand: Sendable {
  case path(FilePath)
  /// Stays the caller's, and open until the verb has returned.
  case open(FileDescriptor)

  /// As it is told in errors.
  var path: FilePath {
    switch self {
    case .path(let path): path
    case .open(let descriptor): FilePath("/proc/self/fd/\(descriptor.rawValue)")
    }
  }

  /// Opens the file, or takes a second descriptor of what is open.
  func open(_ flags: OpenFlags, mode: UInt32 = 0) throws(SystemError) -> Descriptor {
    switch self {
    case .path(let path):
      try path.withName { (name) throws(SystemError) in
        try Descriptor.currentDirectory.open(name, flags, mode: mode)
      }
    case .open(let descriptor):
      try Descriptor(duplicating: descriptor.rawValue)
    }
  }
}
