/// What is possible between a source and a directory, as a trial has shown.
public struct ProbeReport: Sendable, Hashable, Codable {
  /// The first way that works.
  @nonexhaustive
  public enum Mechanism: Sendable, Hashable, Codable {
    /// FICLONE: data is shared.
    case clone
    /// copy_file_range(2): data is moved inside the kernel. `onServer`: there is a server
    /// (NFS, SMB, Ceph), which may do it by itself; whether it does, nothing tells.
    case offload(onServer: Bool)
    /// Data goes through memory.
    case copy
  }

  /// The first way that works.
  public var mechanism = Mechanism.copy
  /// Why the source cannot be cloned there.
  public var refusal: FallbackCause?
  /// What must divide offsets and lengths of ranges to be shared, in bytes; nil where that
  /// could not be tried: without cloning, or with an empty source.
  public var alignment: Int64?
  /// What a clone changes the new file's NOCOW flag to, so that the two can share; with the refusal
  /// `noCopyOnWriteMismatch`, what it could not be changed to.
  public var noCopyOnWrite: CopyOutcome.NoCopyOnWriteChange?
  /// Whether the directory takes files without a name (O_TMPFILE), which become complete
  /// before they are seen.
  public var hasUnnamedFiles = true
  /// Up to this size, in bytes, a new file is kept in metadata and shares nothing; 0 where
  /// even one byte has a block. Nil where the file system does not tell.
  public var inlineLimit: Int64?

  /// Of a directory into which data goes through memory. For tests, all of it can be set.
  public init() {}
}
