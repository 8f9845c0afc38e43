/// What a snapshot has of its source beside the data; never decided by privilege.
@nonexhaustive
public enum SnapshotPreservation: Sendable, Hashable {
  /// Owner, mode, times, extended attributes and access control lists. Whoever may not
  /// give all that to a new file gets an error (EPERM), and nothing is made. Two things no
  /// call can do: OCFS2's own gives the time of the call as that of the last access, and an
  /// NFS client does not see all that its server keeps (access control lists, `trusted.*`).
  case everything
  /// The data alone: as a new file of the caller's, with the source's permissions less
  /// the umask (or as its directory's default access control list says). Names of one file in
  /// a tree stay names of one file.
  case nothing

  var preservation: CopyOptions.Preservation {
    switch self {
    case .everything:
      CopyOptions.Preservation(
        mode: true, owner: .required, times: true, extendedAttributes: .required, hardLinks: true)
    case .nothing:
      CopyOptions.Preservation(hardLinks: true)
    }
  }
}

/// How a directory's snapshot is made.
@nonexhaustive
public enum SnapshotMethod: Sendable, Hashable {
  /// By cloning every file in it: each as of a moment of its own.
  case clones
  /// By Btrfs itself, of a whole subvolume as of one moment. What is mounted on it or
  /// nested in it as a subvolume of its own stays out, as an empty directory.
  case subvolume(readOnly: Bool)
}

/// How a snapshot came about.
@nonexhaustive
public enum SnapshotOutcome: Sendable, Hashable {
  /// Every file was cloned, one FICLONE each; what there was of them.
  case clones(TreeOutcome)
  /// The file system made it in one piece (OCFS2, a Btrfs subvolume) and counts nothing.
  case fileSystem
}
