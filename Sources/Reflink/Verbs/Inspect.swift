public import SystemPackage

/// Says where a file's data lies, and which of it is shared.
///
/// FS_IOC_FIEMAP with FIEMAP_FLAG_SYNC, which writes out first what is only in memory.
/// Where the file system knows no FIEMAP (tmpfs, FUSE, NFS) all bytes are `unknown`, and
/// that is no error. This call blocks its thread.
///
/// - Parameters:
///   - file: A regular file.
///   - control: Cancels from another thread.
/// - Returns: The extents, as of no single moment where somebody writes to the file.
/// - Throws: `ReflinkError`.
public func extents(of file: FilePath, control: Control? = nil) throws(ReflinkError) -> ExtentMap {
  try perform(control) { () throws(ReflinkError) in try ExtentScan(.path(file), control) }
}

/// Says where a file's data lies, without blocking a thread of Swift's cooperative pool.
///
/// - Parameters:
///   - file: A regular file.
///   - control: Cancelled with the task.
/// - Returns: The extents.
/// - Throws: `ReflinkError`.
public func extents(
  of file: FilePath, control: Control? = nil
) async throws(ReflinkError) -> ExtentMap {
  try await perform(control, file) { (control) throws(ReflinkError) in
    try ExtentScan(.path(file), control)
  }
}

/// Says where an open file's data lies.
///
/// - Parameters:
///   - file: Open in any way that lets FIEMAP in; stays open, and the caller's.
///   - control: Cancels from another thread.
/// - Returns: The extents.
/// - Throws: `ReflinkError`.
public func extents(
  of file: FileDescriptor, control: Control? = nil
) throws(ReflinkError) -> ExtentMap {
  try perform(control) { () throws(ReflinkError) in try ExtentScan(.open(file), control) }
}

/// Says where an open file's data lies, without blocking a thread of Swift's cooperative
/// pool.
///
/// - Parameters:
///   - file: Open at least until this returns.
///   - control: Cancelled with the task.
/// - Returns: The extents.
/// - Throws: `ReflinkError`.
public func extents(
  of file: FileDescriptor, control: Control? = nil
) async throws(ReflinkError) -> ExtentMap {
  try await perform(control, FileOperand.open(file).path) { (control) throws(ReflinkError) in
    try ExtentScan(.open(file), control)
  }
}

/// Proves what two files share: which bytes of each are at the same place on storage.
///
/// Reads the extents of both (see `extents`), and compares the places. Whatever is changed
/// meanwhile may be missed. This call blocks its thread.
///
/// - Parameters:
///   - first: A regular file.
///   - second: Another.
///   - control: Cancels from another thread.
/// - Returns: An account of every byte of the two.
/// - Throws: `ReflinkError`: `sameFile` for two names of one file.
public func sharing(
  between first: FilePath, and second: FilePath, control: Control? = nil
) throws(ReflinkError) -> SharingReport {
  try perform(control) { () throws(ReflinkError) in
    try SharingScan(.path(first), .path(second), control)
  }
}

/// Proves what two files share, without blocking a thread of Swift's cooperative pool.
///
/// - Parameters:
///   - first: A regular file.
///   - second: Another.
///   - control: Cancelled with the task.
/// - Returns: An account of every byte of the two.
/// - Throws: `ReflinkError`: `sameFile` for two names of one file.
public func sharing(
  between first: FilePath, and second: FilePath, control: Control? = nil
) async throws(ReflinkError) -> SharingReport {
  try await perform(control, first, second) { (control) throws(ReflinkError) in
    try SharingScan(.path(first), .path(second), control)
  }
}

/// Proves what two open files share.
///
/// - Parameters:
///   - first: An open regular file; stays open, and the caller's.
///   - second: Another.
///   - control: Cancels from another thread.
/// - Returns: An account of every byte of the two.
/// - Throws: `ReflinkError`: `sameFile` for two descriptors of one file.
public func sharing(
  between first: FileDescriptor, and second: FileDescriptor, control: Control? = nil
) throws(ReflinkError) -> SharingReport {
  try perform(control) { () throws(ReflinkError) in
    try SharingScan(.open(first), .open(second), control)
  }
}

/// Proves what two open files share, without blocking a thread of Swift's cooperative pool.
///
/// - Parameters:
///   - first: An open regular file, at least until this returns.
///   - second: Another.
///   - control: Cancelled with the task.
/// - Returns: An account of every byte of the two.
/// - Throws: `ReflinkError`: `sameFile` for two descriptors of one file.
public func sharing(
  between first: FileDescriptor, and second: FileDescriptor, control: Control? = nil
) async throws(ReflinkError) -> SharingReport {
  let path = FileOperand.open(first).path
  return try await perform(control, path, FileOperand.open(second).path) {
    (control) throws(ReflinkError) in
    try SharingScan(.open(first), .open(second), control)
  }
}
