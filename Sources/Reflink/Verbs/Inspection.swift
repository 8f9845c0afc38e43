public import SystemPackage

/// Says where a file's data lies, and which of it is shared.
///
/// FS_IOC_FIEMAP with FIEMAP_FLAG_SYNC, which writes out first what is only in memory. Where the
/// file system knows no FIEMAP (tmpfs, FUSE, NFS) all bytes are `unknown`, and that is no error.
///
/// - Parameters:
///   - file: A regular file.
///   - controller: Cancels.
/// - Returns: The extents, as of no single moment where somebody writes to the file.
/// - Throws: `ReflinkError`.
public func extents(
  of file: FilePath, controller: CopyController? = nil
) async throws(ReflinkError) -> ExtentMap {
  try await runAsync(controller, file, try Operand(file)) { (file, activity) throws(ReflinkError) in
    try ExtentScan(file, activity)
  }
}

/// Says where an open file's data lies.
///
/// - Parameters:
///   - file: Open in any way that lets FIEMAP in. The caller's, who may close it after this.
///   - controller: Cancels.
/// - Returns: The extents.
/// - Throws: `ReflinkError`.
public func extents(
  of file: FileDescriptor, controller: CopyController? = nil
) async throws(ReflinkError) -> ExtentMap {
  try await runAsync(controller, Operand.OpenFile.path(of: file), try Operand(file)) {
    (file, activity) throws(ReflinkError) in
    try ExtentScan(file, activity)
  }
}

/// Proves what two files share: which bytes of each are at the same place on storage.
///
/// Reads the extents of both (see `extents`), and compares the places. Whatever is changed
/// meanwhile may be missed.
///
/// - Parameters:
///   - first: A regular file.
///   - second: Another.
///   - controller: Cancels.
/// - Returns: An account of every byte of the two.
/// - Throws: `ReflinkError`: `sameFile` for two names of one file.
public func sharing(
  between first: FilePath, and second: FilePath, controller: CopyController? = nil
) async throws(ReflinkError) -> SharingReport {
  try await runAsync(controller, first, (try Operand(first), try Operand(second))) {
    (operands, activity) throws(ReflinkError) in
    try SharingScan(operands.0, operands.1, activity)
  }
}

/// Proves what two open files share.
///
/// - Parameters:
///   - first: An open regular file. The caller's, who may close it after this.
///   - second: Another.
///   - controller: Cancels.
/// - Returns: An account of every byte of the two.
/// - Throws: `ReflinkError`: `sameFile` for two descriptors of one file.
public func sharing(
  between first: FileDescriptor, and second: FileDescriptor, controller: CopyController? = nil
) async throws(ReflinkError) -> SharingReport {
  try await runAsync(
    controller, Operand.OpenFile.path(of: first), (try Operand(first), try Operand(second))
  ) { (operands, activity) throws(ReflinkError) in
    try SharingScan(operands.0, operands.1, activity)
  }
}
