extension CopyOptions {
  /// What of a copy outlives a power cut once the call has returned.
  ///
  /// A file that is published when it is complete (`Publication.unnamed`, `temporary`) has its data
  /// on storage before it has its name: after a power cut the name leads to the old content or to the
  /// new one, whole. The storage must keep what it says it has kept.
  @nonexhaustive
  public enum Durability: Sendable, Hashable {
    /// What the system has written out by itself.
    case none
    /// All of it: fsync(2) of each file, of each directory that was made or entered, and in the end of
    /// each directory that got a name. The right choice for a few files.
    case files
    /// All of it, by one syncfs(2) of the destination's file system in the end, which also writes out
    /// what others have written there. The right choice for trees: the cost of a file goes away. A file
    /// that replaces another, or gets its name by itself, is synchronized by fsync(2) before.
    case fileSystem
  }

  /// What is done about a source that changes while its data is copied: its size, modification or
  /// change time are others afterwards.
  ///
  /// A file that was cloned whole is of one moment, whatever is written meanwhile. Changes through
  /// mmap(2) are seen once the system has noted them (msync(2), munmap(2), writeback); two changes within one
  /// tick of the clock (4 ms; finer since Linux 6.13) may have one time.
  @nonexhaustive
  public enum SourceChanges: Sendable, Hashable {
    /// They are not looked for.
    case ignored
    /// It is told; see `CopyOutcome.sourceChanged`.
    case told
    /// The copy is begun anew, at most three times in all, then fails with the code `sourceChanged`.
    /// Where the destination is on another file system, and the source's can clone, an unnamed clone is
    /// made beside the source and copied.
    case refused
  }

  /// What a file that is replaced leaves to the one that takes its place complete
  /// (`Publication.unnamed`, `temporary`); not with `EntryAction.replace` of a caller's own policy.
  @nonexhaustive
  public enum ReplacedAttributes: Sendable, Hashable {
    /// Nothing: the new file is as it would be under a free name, and a symbolic link is replaced, not
    /// its target.
    case discarded
    /// Owner, group, mode, access control list and extended attributes, as far as the source's are not
    /// preserved: what a copy in place would leave. What cannot be kept is an error, and the old file stays.
    /// A symbolic link has its target replaced; what is no regular file is written into. Other names of
    /// the old file keep the old content.
    case kept
  }
}
