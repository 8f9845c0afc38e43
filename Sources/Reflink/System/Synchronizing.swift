import CReflink

/// What is written out to storage, and outlives a power cut then.
extension Descriptor {
  /// fsync(2): this file's data and attributes; of a directory, its entries.
  func synchronize() throws(SystemError) {
    _ = try check(.synchronize) { creflink_synchronize(number) }
  }

  /// syncfs(2): all of the file system that this is on.
  func synchronizeFileSystem() throws(SystemError) {
    _ = try check(.synchronizeFileSystem) { creflink_synchronize_file_system(number) }
  }
}

extension Directory {
  /// fsync(2), also of a directory that is open as a reference, which that refuses.
  func synchronize() throws(SystemError) {
    do throws(SystemError) {
      try descriptor.synchronize()
    } catch {
      guard error.errno == .badFileDescriptor else { throw error }
      try open(.dot, .directory).synchronize()
    }
  }

  /// syncfs(2).
  func synchronizeFileSystem() throws(SystemError) {
    try open(.dot, .directory).synchronizeFileSystem()
  }
}
