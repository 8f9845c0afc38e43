public import SystemPackage

/// Why a copy failed, where, and how far it had got.
///
/// Switch on `code`; `description` is a sentence for people.
public struct ReflinkError: Error, Sendable, Hashable, Codable {
  /// The kinds of failure that callers tell apart.
  @nonexhaustive
  public enum Code: Sendable, Hashable, Codable {
    /// There is no such file.
    case notFound
    /// The name is taken.
    case exists
    /// EACCES, EPERM.
    case permissionDenied
    /// What was asked for is not possible here, and why: a clone that was required, an
    /// attribute that the file system does not know.
    case notSupported(FallbackCause)
    /// The two places are on different file systems, between which nothing is shared.
    case crossDevice
    /// The file system, or a quota, is full.
    case noSpace
    /// EROFS.
    case readOnlyFileSystem
    /// Larger than a limit of the file system or of the process.
    case fileTooLarge
    /// Source and destination are one file, or overlapping ranges of one.
    case sameFile
    /// A file where a directory is needed, or the reverse; a directory into itself.
    case wrongType
    /// An argument that cannot be: a range past the end, options that exclude each other.
    case invalidArgument
    /// Damage, or a device that failed: EIO.
    case inputOutput
    /// Too many open files, no memory.
    case resources
    /// The source became shorter while it was copied.
    case sourceChanged
    /// Somebody cancelled the task, or the controller.
    case cancelled
    /// See the errno.
    case other
  }

  /// What was being done.
  @nonexhaustive
  public enum Operation: Sendable, Hashable, Codable {
    /// Looking at a file; statx(2).
    case examine(Side)
    /// Opening a file; openat(2).
    case open(Side)
    /// Listing the source; getdents64(2).
    case readDirectory
    /// readlinkat(2).
    case readLink
    /// Creating or emptying the destination.
    case createFile
    /// mkdirat(2).
    case createDirectory
    /// symlinkat(2).
    case createSymbolicLink
    /// linkat(2).
    case createHardLink
    /// A symbolic link to the source, not a copy of one.
    case linkSymbolically
    /// mknodat(2).
    case createSpecial(FileType)
    /// FICLONE, FICLONERANGE.
    case clone
    /// copy_file_range(2).
    case offload
    /// Reading the source.
    case read
    /// Writing the destination.
    case write
    /// By the file system itself.
    case snapshot
    /// Reading where a file's data lies, or trying what is possible.
    case inspect
    /// Having two files share what they have in common; FIDEDUPERANGE.
    case deduplicate
    /// Writing out to storage what is complete; fsync(2), syncfs(2).
    case synchronize
    /// Removing what is in the way.
    case remove
    /// Giving what is complete its name.
    case publish
    /// Giving what is there another name.
    case backUp
    /// fchown(2).
    case preserveOwner
    /// fchmod(2), or setting an access control list.
    case preserveMode
    /// futimens(3).
    case preserveTimes
    /// Setting an extended attribute; "*" where they could not be listed.
    case preserveAttribute(name: String)
    /// Nothing was done: the decision said no.
    case refuse(ReflinkError.Refusal)
    /// Nothing was done yet.
    case prepare
  }

  /// One of the two files of a copy.
  public enum Side: Sendable, Hashable, Codable {
    /// The one that is read.
    case source
    /// The one that is made, or written to.
    case destination
  }

  /// What kind of failure it is.
  public var code: Code
  /// What was being done.
  public var operation: Operation
  /// The file that was read, or looked at.
  public var source: FilePath
  /// The file that was made, where there was to be one.
  public var destination: FilePath?
  /// The system's own word for it, where a system call failed.
  public var errno: Errno?
  /// Why, in words, where neither the code nor the system's word says it.
  public var reason: String?
  /// Bytes of this file that were done. They may be lost again: see `CopyOptions.partialFiles`.
  public var bytesDone: Int64
  /// Bytes of this file that were still to do; nil when not known.
  public var bytesRemaining: Int64?
  /// What is there of a copy that was not completed, where something is: the file that was
  /// overwritten, a new one that was to be kept (`CopyOptions.PartialFiles.keep`) or that lacks an
  /// attribute alone, or what could not be removed again, under its temporary name where it
  /// had one. Where a tree was cancelled among several files, one of them. Not meant are
  /// directories, links and nodes, the files of a tree that were complete before, a range of a
  /// file that was there, and what went into a pipe or a device.
  public var leftover: FilePath?

  /// For tests of what handles errors.
  public init(
    code: Code, operation: Operation, source: FilePath, destination: FilePath? = nil,
    errno: Errno? = nil, bytesDone: Int64 = 0, bytesRemaining: Int64? = nil,
    reason: String? = nil
  ) {
    self.reason = reason
    self.code = code
    self.operation = operation
    self.source = source
    self.destination = destination
    self.errno = errno
    self.bytesDone = bytesDone
    self.bytesRemaining = bytesRemaining
  }
}

extension ReflinkError.Code {
  init(_ errno: Errno) {
    self =
      switch errno {
      case .noSuchFileOrDirectory: .notFound
      case .fileExists: .exists
      case .permissionDenied, .notPermitted: .permissionDenied
      case .notSupported, .notSupportedOnSocket, .inappropriateIOCTLForDevice, .noFunction:
        .notSupported(.notSupported)
      case .improperLink: .crossDevice
      case .noSpace, .diskQuotaExceeded: .noSpace
      case .readOnlyFileSystem: .readOnlyFileSystem
      case .fileTooLarge: .fileTooLarge
      case .isDirectory, .notDirectory: .wrongType
      case .invalidArgument, .fileNameTooLong: .invalidArgument
      case .ioError: .inputOutput
      case .tooManyOpenFiles, .tooManyOpenFilesInSystem, .noMemory: .resources
      case .canceled: .cancelled
      default: .other
      }
  }

  /// Of a clone that was required.
  init(_ cause: FallbackCause) {
    self = cause == .otherFileSystem ? .crossDevice : .notSupported(cause)
  }

  init(_ refusal: ReflinkError.Refusal) {
    self =
      switch refusal {
      case .exists, .justCreated, .throughJustCreatedLink, .notReplaced: .exists
      case .sameFile, .backupIsSource: .sameFile
      case .notRegular: .notSupported(.notRegular)
      case .declined: .exists
      case .danglingLink: .notFound
      case .directoryOmitted, .directoryOverFile, .fileOverDirectory, .fileOverSpecial,
        .intoItself, .cyclicLink:
        .wrongType
      }
  }
}

extension SystemError {
  /// The same, with the names that only the caller knows.
  func during(
    _ operation: ReflinkError.Operation, _ source: FilePath, _ destination: FilePath? = nil
  ) -> ReflinkError {
    ReflinkError(
      code: ReflinkError.Code(errno), operation: operation,
      source: source, destination: destination, errno: errno)
  }
}
