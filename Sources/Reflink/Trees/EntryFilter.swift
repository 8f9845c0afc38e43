import SystemPackage

/// Which entries of a tree are copied: the first rule that fits an entry decides, and
/// what no rule fits is copied. A directory that is left out takes all that is in it along.
///
/// A pattern is a shell pattern, `*`, `?` and `[…]` as in glob(7), matched by fnmatch(3)
/// byte for byte, and read as rsync reads its simple ones. One without a slash is held against an
/// entry's name. One with a slash is held against the end of its path below the directory that is
/// copied (`a/b` fits `x/a/b`), and, with a slash at the front, against all of that path. `*` does not
/// match a slash in these, unless there is a `**` in the pattern; `**/` at the front stands for no
/// directory too. With a slash at its end a pattern fits directories only. The operand itself is
/// never left out.
public struct EntryFilter: Sendable, Hashable {
  /// One pattern, and what becomes of what it fits.
  @nonexhaustive
  public enum Rule: Sendable, Hashable {
    /// It is copied.
    case include(String)
    /// It is left out.
    case exclude(String)
  }

  /// In the order in which they are asked.
  public var rules: [Rule]

  /// The first rule that fits decides.
  public init(_ rules: [Rule] = []) {
    self.rules = rules
  }

  /// Nothing is left out.
  public static let everything = EntryFilter()
}

/// A filter made ready to be asked about many entries.
struct CompiledFilter: Sendable {
  private struct Rule {
    var pattern: Pattern
    var isForDirectories: Bool
    var excludes: Bool
    /// What of an entry the pattern is held against.
    var place: Place
    /// Whether `*` stops at a slash.
    var stopsAtSlashes: Bool

    enum Place { case name, path, endOfPath }

    func fits(_ name: OwnedName, _ path: OwnedName) -> Bool {
      switch place {
      case .name: return name.with { pattern.matches($0, isPath: false) }
      case .path: return matches(path)
      case .endOfPath:
        return matches(path) || path.afterSlashes.contains { matches($0) }
      }
    }

    private func matches(_ path: OwnedName) -> Bool {
      path.with { pattern.matches($0, isPath: stopsAtSlashes) }
    }
  }
  private let rules: [Rule]
  private let looksAtPaths: Bool

  /// Nil where nothing is left out.
  init?(_ filter: EntryFilter) {
    if filter.rules.isEmpty { return nil }
    rules = filter.rules.map { rule in
      var (text, excludes) =
        switch rule {
        case .include(let text): (Substring(text), false)
        case .exclude(let text): (Substring(text), true)
        }
      let isForDirectories = text.count > 1 && text.hasSuffix("/")
      if isForDirectories { text.removeLast() }
      let isAnchored = text.hasPrefix("/")
      if isAnchored { text.removeFirst() }
      while !isAnchored, text.hasPrefix("**/"), text.count > 3 { text.removeFirst(3) }
      let crossesSlashes = zip(text.utf8, text.utf8.dropFirst())
        .contains { $0 == UInt8(ascii: "*") && $1 == UInt8(ascii: "*") }
      let isInPath = isAnchored || crossesSlashes || text.utf8.contains(UInt8(ascii: "/"))
      return Rule(
        pattern: Pattern(String(text)), isForDirectories: isForDirectories, excludes: excludes,
        place: isAnchored ? .path : isInPath ? .endOfPath : .name,
        stopsAtSlashes: !crossesSlashes)
    }
    looksAtPaths = rules.contains { $0.place != .name }
  }

  /// Whether an entry is left out. `path` is its path below the directory that is copied; it
  /// is put together, and `isDirectory` found out, only where a rule asks.
  func excludes(
    _ name: OwnedName, path: () -> OwnedName, isDirectory: () -> Bool
  ) -> Bool {
    let path = looksAtPaths ? path() : name
    for rule in rules {
      if rule.fits(name, path), !rule.isForDirectories || isDirectory() { return rule.excludes }
    }
    return false
  }
}
