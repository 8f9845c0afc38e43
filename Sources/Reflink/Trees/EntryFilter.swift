import SystemPackage

/// Which entries of a tree are copied: the first rule that fits an entry decides, and
/// what no rule fits is copied. A directory that is left out takes all that is in it along.
///
/// A pattern is a shell pattern, `*`, `?` and `[…]` as in glob(7), matched by fnmatch(3)
/// byte for byte. One without a slash is held against an entry's name, one with a slash
/// against its path below the directory that is copied, where `*` does not match a slash;
/// one at the front changes nothing beside that. With a slash at its end a pattern fits
/// directories only. The operand itself is never left out.
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
    var isInPath: Bool
    var isForDirectories: Bool
    var excludes: Bool
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
      let isInPath = text.contains("/")
      if text.hasPrefix("/") { text.removeFirst() }
      return Rule(
        pattern: Pattern(String(text)), isInPath: isInPath, isForDirectories: isForDirectories,
        excludes: excludes)
    }
    looksAtPaths = rules.contains(where: \.isInPath)
  }

  /// Whether an entry is left out. `path` is its path below the directory that is copied; it
  /// is put together, and `isDirectory` found out, only where a rule asks.
  func excludes(
    _ name: OwnedName, path: () -> OwnedName, isDirectory: () -> Bool
  ) -> Bool {
    let path = looksAtPaths ? path() : name
    for rule in rules {
      let fits = (rule.isInPath ? path : name).with {
        rule.pattern.matches($0, isPath: rule.isInPath)
      }
      if fits, !rule.isForDirectories || isDirectory() { return rule.excludes }
    }
    return false
  }
}
