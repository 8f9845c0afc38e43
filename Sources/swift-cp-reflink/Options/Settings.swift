import Reflink

/// What the options came to: the command's own settings, the library's options,
/// and the rules of its decisions. Nothing behind this looks at an option again.
struct Settings {
  var task = Task.copy
  var operands = Operands.none
  var target = Target.inferred
  var verbosity = Verbosity.nothing
  var stripsSlashes = false
  var makesParents = false
  /// `--snapshot`: the library's snapshots, not copies by cp's rules.
  var makesSnapshots = false
  var progress = Progress.never
  /// `--verify-sharing`
  var verifiesSharing = false
  /// `--json`: records on standard output.
  var writesRecords = false
  /// `--exclude`, `--exclude-from`
  var filter = EntryFilter.everything
  /// `--clone-dest`, `--since`, `--ignore-times`
  var earlier = EarlierPaths()
  /// `--jobs`; nil for as many as there are processors, at most 4.
  var workers: Int?
  var copyOptions = CopyOptions(
    preserving: .nothing, symbolicLinks: .follow, specialFiles: .readContents,
    partialFiles: .keep, sourceChanges: .ignored)
  var rules = CopyRules()

  /// What is done with the operands.
  enum Task {
    case copy
    /// `--probe`: two operands, and nothing is copied.
    case probe
    /// `--sharing`: likewise.
    case sharing
    /// `--dedupe`: likewise.
    case dedupe
  }

  /// How the last operand is understood.
  enum Target {
    /// A directory if it is one, else the name of the copy.
    case inferred
    /// `-t`: this directory; all operands are sources.
    case directory(OwnedName)
    /// `-T`: the name of the copy, directory or not.
    case name
    /// `-t` and `-T`, which exclude each other.
    case contradiction
  }

  /// `--progress`: where it is shown how far the copies are.
  enum Progress {
    case never
    /// On a terminal.
    case onTerminal
    /// Also where there is none, in lines now and then.
    case always
  }

  /// What is written for each entry.
  enum Verbosity: Comparable {
    case nothing
    /// `-v`: its names.
    case names
    /// `--debug`: also how its data went.
    case methods
  }
}

/// What the command line has said so far, where later options or the environment
/// decide what it comes to.
struct OptionState {
  var settings = Settings()
  var links: CopyOptions.SymbolicLinks?
  /// `-n`, which is stronger than any `--update`, and which only a later `-i` takes back.
  var leavesExisting = false
  var copiesContents = false
  /// `--preserve=xattr`, which neither -a nor --preserve=all takes back.
  var requiresAttributes = false
  /// `--preserve=context`
  var needsContext = false
  /// Of `--probe`, `--sharing` and `--dedupe`.
  var hasTwoTasks = false
  /// `--atomic`, `--fsync`
  var isAtomic = false
  var isDurable = false
  var makesHardLinks = false
  var makesSymbolicLinks = false
  /// Whether backups were asked for, and by which word.
  var backs = false
  var backupWord: OwnedName?
  var suffix: OwnedName?
  /// `-t` and `-T`.
  var targetDirectory: OwnedName?
  var takesNoDirectory = false
}
