import SystemPackage

/// How files are copied, chosen once for a whole copy.
public struct CopyOptions: Sendable, Hashable {
  /// Whether data is shared.
  public var cloning: Cloning
  /// In how many pieces a file is cloned.
  public var slices: CloneSlices
  /// What becomes of runs without data.
  public var holes: Holes
  /// Which attributes go along.
  public var preserving: Preservation
  /// Which symbolic links are followed.
  public var symbolicLinks: SymbolicLinkRule
  /// What becomes of FIFOs, sockets and device nodes.
  public var specialFiles: SpecialFileRule
  /// When what is new gets its name.
  public var publication: Publication
  /// What becomes of a file that is not completed.
  public var partialFiles: PartialFileRule
  /// What is made of files; directories are always made.
  package var product = EntryProduct.copies
  /// Directories of other file systems are made, and left empty.
  package var staysOnFileSystem = false
  /// New entries get the mode that the umask leaves of all rights, not of their source's.
  package var usesDefaultMode = false
  /// A link to a directory in the destination is entered like the directory.
  package var entersLinkedDirectories = false

  /// Where there is no room for what is to be replaced and its successor, the former goes first;
  /// it is lost if the copy fails then.
  package var removesToMakeRoom = false

  /// Whether a small file that was cloned is looked at again, for what is kept in metadata.
  package var detectsInlineData = false

  /// Options that copy as much as can be copied, shared where that is possible.
  public init(
    cloning: Cloning = .preferred, slices: CloneSlices = .whole, holes: Holes = .keep,
    preserving: Preservation = .everything, symbolicLinks: SymbolicLinkRule = .copy,
    specialFiles: SpecialFileRule = .recreate, publication: Publication = .inPlace,
    partialFiles: PartialFileRule = .remove
  ) {
    self.cloning = cloning
    self.slices = slices
    self.holes = holes
    self.preserving = preserving
    self.symbolicLinks = symbolicLinks
    self.specialFiles = specialFiles
    self.publication = publication
    self.partialFiles = partialFiles
  }

  /// Throws where options exclude each other.
  func check(_ source: FilePath, _ destination: FilePath) throws(ReflinkError) {
    guard cloning != .required || holes == .keep else {
      throw ReflinkError(
        code: .invalidArgument, operation: .prepare, source: source, destination: destination,
        errno: .invalidArgument)
    }
  }
}

/// What a copy keeps of its source beside the data.
public struct Preservation: Sendable, Hashable {
  /// Permission and set-id bits, and POSIX access control lists.
  public var mode: Bool
  /// Owner and group. With `wherePossible`, where the caller is not root and may not give
  /// files away, the group alone is tried, set-id bits are dropped, and that is no error.
  public var owner: AttributeRule
  /// Access and modification times, to the nanosecond.
  public var times: Bool
  /// What xattr(7) describes, access control lists and labels of the system not among them.
  public var extendedAttributes: AttributeRule
  /// Files with several names in a tree have as many in the copy.
  public var hardLinks: Bool

  /// Only what is named.
  public init(
    mode: Bool = false, owner: AttributeRule = .ignore, times: Bool = false,
    extendedAttributes: AttributeRule = .ignore, hardLinks: Bool = false
  ) {
    self.mode = mode
    self.owner = owner
    self.times = times
    self.extendedAttributes = extendedAttributes
    self.hardLinks = hardLinks
  }

  /// Whether a new entry is its owner's alone until what is preserved is set: its
  /// rights are not final before.
  var needsOwnersOnly: Bool { mode || owner != .ignore }

  /// A new file of the caller's: only the source's permissions, less the umask.
  public static let nothing = Preservation()

  /// All that the destination, and the caller's rights, allow.
  public static let everything = Preservation(
    mode: true, owner: .wherePossible, times: true, extendedAttributes: .wherePossible,
    hardLinks: true)
}

/// How much the preservation of an attribute matters.
public enum AttributeRule: Sendable, Hashable {
  /// It is not looked at.
  case ignore
  /// What the destination refuses is left out.
  case wherePossible
  /// What the destination refuses is an error.
  case required
}

/// Which symbolic links stand for what they lead to.
public enum SymbolicLinkRule: Sendable, Hashable {
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
public enum SpecialFileRule: Sendable, Hashable {
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
public enum PartialFileRule: Sendable, Hashable {
  /// It goes.
  case remove
  /// It stays, if it has its name already (`Publication.inPlace`), and unless a
  /// required clone failed: that leaves nothing worth keeping.
  case keep
}

/// What is made of a file.
package enum EntryProduct: Sendable, Hashable {
  case copies
  /// Its attributes, without its data.
  case attributesOnly
  /// Another name for it.
  case hardLinks
  /// A link to the path it was named by.
  case symbolicLinks
  /// It is looked at, and counted.
  case nothing

  package var isLinks: Bool { self == .hardLinks || self == .symbolicLinks }
}
