/// Every option of the command, once: parsing, abbreviations and `--help` read it here.
struct Option {
  enum Argument {
    case none
    case required(StaticString)
    case optional(StaticString)
  }

  enum Meaning: CaseIterable {
    case archive, debug, linksNoDereference, force, help, noClobber, preserveUsual, preserve
    case recursive, recursiveToo, reflink, sparse, targetFolder, noTargetFolder, verbose, version
  }

  let meaning: Meaning
  let short: Unicode.Scalar?
  let long: StaticString?
  var argument = Argument.none
  let help: StaticString

  static let all: [Option] = [
    Option(
      meaning: .archive, short: "a", long: "archive",
      help: "copy folders, links and all attributes; same as -dR --preserve=all"),
    Option(
      meaning: .linksNoDereference, short: "d", long: nil,
      help: "copy symbolic links as links and keep hard links"),
    Option(
      meaning: .debug, short: nil, long: "debug",
      help: "say how each file was copied, and why it was not cloned; implies -v"),
    Option(
      meaning: .force, short: "f", long: "force",
      help: "remove an existing file that cannot be opened, and try again"),
    Option(
      meaning: .noClobber, short: "n", long: "no-clobber",
      help: "leave existing files as they are, and do not fail"),
    Option(
      meaning: .preserveUsual, short: "p", long: nil,
      help: "same as --preserve=mode,ownership,timestamps"),
    Option(
      meaning: .preserve, short: nil, long: "preserve", argument: .optional("LIST"),
      help:
        "keep mode, ownership, timestamps (these three without LIST), links, context, xattr, or all"
    ),
    Option(
      meaning: .recursive, short: "R", long: "recursive",
      help: "copy folders with all that is in them"),
    Option(meaning: .recursiveToo, short: "r", long: nil, help: "same as -R"),
    Option(
      meaning: .reflink, short: nil, long: "reflink", argument: .optional("WHEN"),
      help: "share data with the source: auto (the default), always (without WHEN), never"),
    Option(
      meaning: .sparse, short: nil, long: "sparse", argument: .required("WHEN"),
      help: "make holes: auto (where the source has them), always (for any zeros), never"),
    Option(
      meaning: .targetFolder, short: "t", long: "target-directory",
      argument: .required("DIRECTORY"),
      help: "copy all operands into DIRECTORY"),
    Option(
      meaning: .noTargetFolder, short: "T", long: "no-target-directory",
      help: "take DEST as the copy's own name, also if it is a folder"),
    Option(
      meaning: .verbose, short: "v", long: "verbose", help: "name each file that is copied"),
    Option(meaning: .help, short: nil, long: "help", help: "show this text and exit"),
    Option(meaning: .version, short: nil, long: "version", help: "show the version and exit"),
  ]
}
