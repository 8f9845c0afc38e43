extension CopyOptions {
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
}
