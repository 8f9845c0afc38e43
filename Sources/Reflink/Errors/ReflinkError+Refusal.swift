extension ReflinkError {
  /// Why an entry is not copied.
  @nonexhaustive
  public enum Refusal: Sendable, Hashable, Codable {
    /// Directories were not asked for.
    case directoryOmitted
    /// A clone was required of something that is neither a regular file nor a directory.
    case notRegular
    /// Source and destination are one file.
    case sameFile
    /// The name is taken.
    case exists
    /// A directory would take the place of something else.
    case directoryOverFile
    /// Something else would take the place of a directory.
    case fileOverDirectory
    /// A regular file would take the place of a device node, a FIFO or a socket, which may be in use.
    case fileOverSpecial
    /// The destination is a symbolic link that leads nowhere.
    case danglingLink
    /// A directory would be copied into itself, for ever.
    case intoItself
    /// A link that is followed leads to a directory it is in, for ever.
    case cyclicLink
    /// Another source of the same call went there.
    case justCreated
    /// The same, and what went there is a link that would be written through.
    case throughJustCreatedLink
    /// What is there would get the source's name.
    case backupIsSource
    /// The user said no.
    case declined
    /// It is there, and that was to be an error.
    case notReplaced
  }
}
