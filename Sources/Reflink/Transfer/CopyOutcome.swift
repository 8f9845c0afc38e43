public import SystemPackage

/// What became of one file's data: an account of every byte.
public struct CopyOutcome: Sendable, Hashable, Codable {
  /// How the data got there; the last way taken where it was more than one.
  @nonexhaustive
  public enum Method: Sendable, Hashable, Codable {
    /// By FICLONE or FICLONERANGE: shared with the source.
    case cloned
    /// By copy_file_range(2), inside the kernel or on a server. It may have
    /// shared the data; the system call does not say.
    case offloaded
    /// Through memory.
    case copied
    /// By FICLONE too, and shared with nobody: the file system keeps the data inside its
    /// metadata.
    case inline
    /// There was no data: an empty file, or one great hole.
    case nothing
  }

  /// What became of one way of moving data.
  @nonexhaustive
  public enum Attempt: Sendable, Hashable, Codable {
    /// There was no need, or no data.
    case notTried
    /// Ruled out by what was asked for.
    case avoided
    /// It was not possible, and why.
    case refused(FallbackCause)
    /// It moved data.
    case worked
  }

  /// Where the clone ran.
  @nonexhaustive
  public enum Execution: Sendable, Hashable, Codable {
    /// As one system call of this thread, which only the end of the process cuts short.
    case inline
    /// In a process of its own, watched and ready to be ended.
    case helper
    /// Inline, although long, since the system refused another process.
    case helperRefused(Errno)
    /// By so many FICLONERANGE calls, as was asked for: not of one point in time.
    case slices(Int)
  }

  /// A change of the Btrfs flag NOCOW on the destination, without which it could not share.
  public enum NoCopyOnWriteChange: Sendable, Hashable, Codable {
    /// The source has it.
    case set
    /// The source does not have it.
    case cleared
  }

  /// Bytes that FICLONE or FICLONERANGE shared, holes among them included. Only the verb
  /// `clone` tells `inline` apart.
  public var cloned: Int64 = 0
  /// Bytes that FICLONE copied from metadata to metadata, and that are not shared.
  public var inline: Int64 = 0
  /// Bytes that copy_file_range(2) moved.
  public var offloaded: Int64 = 0
  /// Bytes that went through memory.
  public var copied: Int64 = 0
  /// Bytes of holes that were found and kept (or made, with `CopyOptions.Holes.detect`).
  public var holes: Int64 = 0

  /// What became of the clone.
  public var clone = Attempt.notTried
  /// What became of the offload.
  public var offload = Attempt.notTried
  /// Where, and in how many pieces, the clone ran.
  public var execution = Execution.inline
  /// Whether the source's size or times changed while its data was copied, so that the copy may be of
  /// no single moment. Of a file that was cloned whole it is not asked.
  public var sourceChanged = false
  /// From the opening of the destination to its name, where a controller watches; else nil.
  public var duration: Duration?
  /// What was changed so that the two could share.
  public var noCopyOnWrite: NoCopyOnWriteChange?

  /// What building on an earlier copy came to; nil where there was none.
  public var update: Update?

  /// Whether SEEK_HOLE found holes.
  package internal(set) var foundHolesBySeeking = false
  /// Whether the data was searched for zeros.
  package internal(set) var searchedForZeros = false

  /// Of nothing yet. For tests of what takes outcomes, all that is told can be set.
  public init() {}

  // Without what only the command tells.
  private enum CodingKeys: String, CodingKey {
    case cloned, inline, offloaded, copied, holes, clone, offload, execution, sourceChanged
    case noCopyOnWrite, duration, update
  }

  /// How the data got there.
  public var method: Method {
    if copied > 0 { return .copied }
    if offloaded > 0 { return .offloaded }
    if inline > 0 { return .inline }
    return clone == .worked ? .cloned : .nothing
  }

  /// Bytes accounted for.
  public var total: Int64 {
    cloned.saturatingAdd(inline).saturatingAdd(offloaded).saturatingAdd(copied)
      .saturatingAdd(holes)
  }

  /// Why the data is not shared, where it was to be.
  public var fallback: FallbackCause? {
    if case .refused(let cause) = clone { return cause }
    return nil
  }
}

extension CopyOutcome {
  /// What a copy that builds on an earlier one (`CopyBasis`) did, in bytes. What is equal is shared with the
  /// earlier copy, and counts as `cloned`; what is written counts as `copied`.
  public struct Update: Sendable, Hashable, Codable {
    /// The earlier copy; nil of several.
    public var earlier: FilePath?
    /// Whether size and time told that nothing has changed: no data was read.
    public var isUnchanged = false
    /// Known to be equal without being read; see `CopyBasis.snapshot`.
    public var equalByProof: Int64 = 0
    /// Found equal by reading both.
    public var equalByComparison: Int64 = 0
    /// Written, since they differ, or are not in the earlier copy.
    public var written: Int64 = 0
    /// Made a hole, where the earlier copy had data.
    public var punched: Int64 = 0
    /// Read from the source.
    public var read: Int64 = 0

    /// Of nothing yet. For tests of what takes outcomes, all that is told can be set.
    public init() {}

    mutating func add(_ other: Update) {
      equalByProof = equalByProof.saturatingAdd(other.equalByProof)
      equalByComparison = equalByComparison.saturatingAdd(other.equalByComparison)
      written = written.saturatingAdd(other.written)
      punched = punched.saturatingAdd(other.punched)
      read = read.saturatingAdd(other.read)
    }
  }
}

/// Why a clone, an offload, or something else that was asked for, was not possible.
@nonexhaustive
public enum FallbackCause: Sendable, Hashable, Codable, CustomStringConvertible {
  /// EXDEV: the two files are on different file systems.
  case otherFileSystem
  /// EOPNOTSUPP, ENOTTY, ENOSYS: the file system cannot.
  case notSupported
  /// EINVAL: on Btrfs, one file is NOCOW and the other is not, and could not be made so.
  case noCopyOnWriteMismatch
  /// EINVAL for another reason.
  case invalid
  /// ETXTBSY: one of the two is an active swap file.
  case swapFile
  /// EPERM, EACCES: a lock-down, a seccomp filter, an immutable file.
  case denied
  /// EAGAIN, again and again.
  case busy
  /// Offsets do not fit the file system's blocks; only of ranges.
  case misaligned
  /// Not a regular file on both sides.
  case notRegular
  /// Not a Btrfs subvolume, which is all that the file system's own snapshot is of.
  case notSubvolume
  /// EINVAL for RENAME_NOREPLACE: the file system has no renaming that is sure to replace
  /// nothing (NFS, OCFS2, FUSE), which a directory takes to appear complete.
  case renamesReplace
  /// Another error, as the system calls it.
  case other(Errno)

  /// A few words for people.
  public var description: String {
    switch self {
    case .otherFileSystem: "on another file system"
    case .notSupported: "not supported by the file system"
    case .noCopyOnWriteMismatch: "only one of the two files is NOCOW"
    case .invalid: "refused as invalid"
    case .swapFile: "an active swap file"
    case .denied: "not permitted"
    case .busy: "busy"
    case .misaligned: "the offsets do not fit the file system's blocks"
    case .notRegular: "not a regular file"
    case .notSubvolume: "not a Btrfs subvolume"
    case .renamesReplace: "no renaming here that is sure to replace nothing"
    case .other(let errno): errno.description
    }
  }
}
