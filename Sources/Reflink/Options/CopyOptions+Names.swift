extension CopyOptions {
  /// Which symbolic links stand for what they lead to.
  public enum SymbolicLinks: Sendable, Hashable {
    /// A link is copied as a link.
    case copy
    /// The file named in the call is followed, links met inside a directory are copied as links.
    case followOperands
    /// What a link leads to is copied.
    case follow

    func follows(isOperand: Bool) -> Bool {
      self == .follow || (self == .followOperands && isOperand)
    }
  }

  /// FIFOs, sockets and device nodes.
  @nonexhaustive
  public enum SpecialFiles: Sendable, Hashable {
    /// A node of the same kind is made; the source is never opened.
    case recreate
    /// What can be read from it becomes a regular file. A socket cannot be opened: an error (ENXIO).
    case readContents
  }

  /// How what is new comes by its name.
  ///
  /// Of a tree, the directory that it begins with is what is new: with `unnamed` or `temporary` it
  /// has another name until all that is in it is dealt with, and is renamed by RENAME_NOREPLACE.
  /// A file system that does not know that (FUSE, NFS, OCFS2) takes no tree so, which is told
  /// before anything is copied. Where the directory is there already it is merged into, each file
  /// by this rule. Failures that do not end the copy (`FailureRule`) do not prevent the name.
  @nonexhaustive
  public enum Publication: Sendable, Hashable {
    /// It has its name from the start, and grows under it.
    case inPlace
    /// A file gets its name when it is complete: made without one (O_TMPFILE) and
    /// linked. Where that is not supported, or a file is replaced, as `temporary`.
    case unnamed
    /// A file gets its name when it is complete: made under another name in the same
    /// directory and renamed, over the old file where there was one.
    case temporary
  }

  /// What becomes of a new file whose data was not copied to its end. One that has all its
  /// data and lacks an attribute stays, unless it was to get its name when it is complete.
  @nonexhaustive
  public enum PartialFiles: Sendable, Hashable {
    /// It goes.
    case remove
    /// It stays, if it has its name already (`Publication.inPlace`), and unless a
    /// required clone failed: that leaves nothing worth keeping.
    case keep
  }
}
