import Reflink

/// What the options came to: the command's own settings, the library's options,
/// and the rules of its decisions. Nothing behind this looks at an option again.
struct Settings {
  var operands: [OperandPath] = []
  var target = Target.inferred
  var tells = Tells.nothing
  var copyOptions = CopyOptions(
    preserving: .nothing, symbolicLinks: .follow, specialFiles: .readContents,
    partialFiles: .keep)
  var rules = CopyRules()

  /// How the last operand is understood.
  enum Target {
    /// A folder if it is one, else the name of the copy.
    case inferred
    /// `-t`: this folder; all operands are sources.
    case folder(OperandPath)
    /// `-T`: the name of the copy, folder or not.
    case name
  }

  /// What is written for each entry.
  enum Tells: Comparable {
    case nothing
    /// `-v`: its names.
    case names
    /// `--debug`: also how its data went.
    case methods
  }
}
