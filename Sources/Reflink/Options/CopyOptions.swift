/// How files are copied, chosen once for a whole copy.
public struct CopyOptions: Sendable, Hashable {
  /// Whether data is shared.
  public var cloning: Cloning
  /// Files smaller than this, in bytes, are copied where cloning is only preferred: below some 16 KiB
  /// a copy takes less time than a clone (8 KiB on XFS: 31 µs of processor time against 43), and
  /// then each copy takes its own space. 0 by default: everything is shared that can be.
  public var smallestClone: Int64
  /// In how many pieces a file is cloned.
  public var slices: Slices
  /// What becomes of runs without data.
  public var holes: Holes
  /// Which attributes go along.
  public var preserving: Preservation
  /// Which symbolic links are followed.
  public var symbolicLinks: SymbolicLinks
  /// What becomes of FIFOs, sockets and device nodes.
  public var specialFiles: SpecialFiles
  /// When what is new gets its name.
  public var publication: Publication
  /// What becomes of a file that is not completed.
  public var partialFiles: PartialFiles
  /// What of it outlives a power cut.
  public var durability: Durability
  /// What is done about a source that changes meanwhile.
  public var sourceChanges: SourceChanges
  /// What a file that is overwritten leaves to its successor.
  public var replacedAttributes: ReplacedAttributes
  /// How much of the machine is taken from others.
  public var pace: Pace
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

  /// Whether it is in a directory that gets its name when it is complete.
  package var isInUnpublishedTree = false
  /// Whether what is not complete is not to be seen under its final name.
  package var appearsComplete: Bool { publication != .inPlace || isInUnpublishedTree }
  /// Whether what killed copies left is removed from directories that take new names.
  package var sweepsLeftovers = false

  /// Whether a small file that was cloned is looked at again, for what is kept in metadata.
  package var detectsInlineData = false

  /// Options that copy as much as can be copied, shared where that is possible.
  public init(
    cloning: Cloning = .preferred, smallestClone: Int64 = 0, slices: Slices = .whole,
    holes: Holes = .keep,
    preserving: Preservation = .everything, symbolicLinks: SymbolicLinks = .copy,
    specialFiles: SpecialFiles = .recreate, publication: Publication = .inPlace,
    partialFiles: PartialFiles = .remove, durability: Durability = .none,
    sourceChanges: SourceChanges = .told, replacedAttributes: ReplacedAttributes = .discarded,
    pace: Pace = .full
  ) {
    self.cloning = cloning
    self.smallestClone = smallestClone
    self.slices = slices
    self.holes = holes
    self.preserving = preserving
    self.symbolicLinks = symbolicLinks
    self.specialFiles = specialFiles
    self.publication = publication
    self.partialFiles = partialFiles
    self.durability = durability
    self.sourceChanges = sourceChanges
    self.replacedAttributes = replacedAttributes
    self.pace = pace
  }
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
