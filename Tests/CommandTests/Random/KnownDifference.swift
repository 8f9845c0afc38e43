/// How ours differs from the system's cp on purpose: it follows the newest version of cp, or does
/// less harm. Each was looked at on its own.
enum KnownDifference: String {
  /// Both refuse to copy a directory into itself; ours leaves less of it, and copies the rest.
  case intoItself
  /// Of a directory onto itself ours speaks once, and not of each file in it.
  case ontoItself
  /// `-b` with `-n` is refused in the words of cp 9.5.
  case backupAndNoClobber
  /// With --parents cp makes the directories on the way to a source that is not there.
  case wayToNothing
  /// cp takes the destination's name away before it finds out that it is the source's.
  case backupOfSource

  /// Since 9.5 a directory takes the place of a file that gets another name.
  case backupByDirectory

  /// Modes and times of the directories that --parents makes, where those are the sources' own:
  /// ours takes them before the copy changes them, and never those of ".".
  case attributesOfWay
  /// A directory that comes twice is copied twice.
  case directoryTwice
  /// A source counts as named twice once it was copied.
  case namedTwice
  /// Through a link to a directory, cp leaves the backup in the current directory.
  case backupElsewhere
  /// A link that leads to a directory it is in: which of its names is told.
  case cyclicLink

  init?(_ line: RandomLine, theirs: LineOutcome, ours: LineOutcome) {
    let withParents = line.arguments.contains("--parents")
    let backsUp = line.arguments.contains {
      $0 == "-b" || $0.hasPrefix("--backup") || $0.hasPrefix("--suffix")
    }
    let bothFail = theirs.status == 1 && ours.status == 1
    let either = theirs.errors.union(ours.errors)
    let saysTheSame = theirs.errors == ours.errors && theirs.output == ours.output
    let onlyOne = theirs.errors.symmetricDifference(ours.errors)

    if either.contains(any: "into itself") {
      self = .intoItself
    } else if theirs.errors.contains(any: "will not create hard link") {
      self = .directoryTwice
    } else if either.contains(any: "mutually exclusive") {
      self = .backupAndNoClobber
    } else if withParents, bothFail,
      either.contains(any: "exists but is not a directory", "failed to get attributes of")
        || ours.errors.contains(any: "cannot stat")
    {
      self = .wayToNothing
    } else if withParents, bothFail, ours.tree.isSubset(of: theirs.tree) {
      self = .wayToNothing
    } else if withParents, saysTheSame, theirs.files == ours.files {
      self = .attributesOfWay
    } else if bothFail, either.contains(any: "/.' are the same file") {
      self = .ontoItself
    } else if line.arguments.contains("-n"), ours.errors.isEmpty, theirs.tree == ours.tree {
      self = .ontoItself
    } else if backsUp || line.arguments.contains("--remove-destination"),
      theirs.errors.contains(any: "No such file or directory")
        || ours.errors.contains(any: "are the same file")
    {
      self = .backupOfSource
    } else if backsUp, theirs.errors.contains(any: "cannot overwrite non-directory") {
      self = .backupByDirectory
    } else if backsUp, saysTheSame, theirs.status == 0, theirs.contents == ours.contents {
      self = .backupElsewhere
    } else if either.contains(any: "cyclic symbolic link"), theirs.tree == ours.tree {
      self = .cyclicLink
    } else if theirs.tree == ours.tree, !onlyOne.isEmpty,
      onlyOne.allSatisfy({ $0.hasSuffix("specified more than once") })
    {
      self = .namedTwice
    } else {
      return nil
    }
  }
}

extension Set<String> {
  /// Whether a line has one of the texts in it.
  fileprivate func contains(any texts: String...) -> Bool {
    contains { line in texts.contains { line.contains($0) } }
  }
}

extension LineOutcome {
  /// The names alone.
  fileprivate var files: Set<Substring> {
    Set(tree.compactMap { $0.split(separator: " ").first })
  }

  /// What the files hold, wherever they are.
  fileprivate var contents: [String] {
    tree.compactMap {
      $0.split(separator: "@1000000009 ").dropFirst().first.map { String($0.prefix(2)) }
    }
    .sorted()
  }
}
