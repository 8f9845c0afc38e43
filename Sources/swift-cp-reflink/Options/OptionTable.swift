/// Every option of the command, once: parsing, abbreviations and `--help` read it here.
struct Option {
  enum Argument {
    case none
    case required(StaticString)
    case optional(StaticString)
  }

  enum Meaning: Int {
    case archive, attributesOnly, backup, backupSimply, copyContents, linksNoDereference, debug
    case followOperands, follow, noFollow, force, help, interactive, keepDirectoryLinks, hardLinks
    case noClobber, noPreserve, parents, preserveUsual, preserve, recursive, recursiveToo, reflink
    case removeDestination, sparse, stripSlashes, symbolicLinks, suffix, targetDirectory
    case noTargetDirectory, update, updateOlder, verbose, version, oneFileSystem, label, context,
      jobs, atomic, synchronize, snapshot, consistent, background,
      limitRate, progress, progressOnTerminal, json,
      exclude, excludeFrom, cloneSlice, probe, sharing, verifySharing, cloneDestination, since,
      ignoreTimes, dedupe
  }

  let meaning: Meaning
  let short: Unicode.Scalar?
  let long: StaticString?
  var argument = Argument.none
  let help: StaticString
  /// Another name that `--help` does not show.
  var isAlias = false
  /// Not one of newest cp's: counts only when written in full, so that cp's abbreviations keep
  /// their meaning.
  var isOwn = false

  /// In the order of cp's own table, in which getopt lists what an abbreviation may mean.
  ///
  /// Not an array: the type of one is put together at run time, which costs as much as the
  /// copy of a small file.
  static let all: [58 of Option] = [
    Option(
      meaning: .archive, short: "a", long: "archive",
      help: "copy directories, links and all attributes; same as -dR --preserve=all"),
    Option(
      meaning: .attributesOnly, short: nil, long: "attributes-only",
      help: "copy attributes, not data"),
    Option(
      meaning: .backup, short: nil, long: "backup", argument: .optional("CONTROL"),
      help: "keep each existing file under another name: none, numbered, existing or simple"),
    Option(meaning: .backupSimply, short: "b", long: nil, help: "same as --backup"),
    Option(
      meaning: .copyContents, short: nil, long: "copy-contents",
      help: "with -R, read FIFOs and devices instead of making them anew"),
    Option(
      meaning: .linksNoDereference, short: "d", long: nil,
      help: "same as --no-dereference --preserve=links"),
    Option(
      meaning: .debug, short: nil, long: "debug",
      help: "say how each file was copied, and why it was not cloned; implies -v"),
    Option(
      meaning: .force, short: "f", long: "force",
      help: "remove an existing file that cannot be opened, and try again"),
    Option(
      meaning: .interactive, short: "i", long: "interactive",
      help: "ask before overwriting (overrides an earlier -n)"),
    Option(
      meaning: .followOperands, short: "H", long: nil, help: "follow the links that are named"),
    Option(
      meaning: .keepDirectoryLinks, short: nil, long: "keep-directory-symlink",
      help: "enter existing links to directories"),
    Option(
      meaning: .hardLinks, short: "l", long: "link", help: "make hard links instead of copies"),
    Option(meaning: .follow, short: "L", long: "dereference", help: "follow all links"),
    Option(
      meaning: .noClobber, short: "n", long: "no-clobber",
      help: "leave existing files as they are, and do not fail"),
    Option(
      meaning: .noFollow, short: "P", long: "no-dereference", help: "copy links as links"),
    Option(
      meaning: .parents, short: nil, long: "parents",
      help: "make SOURCE's whole path under DIRECTORY"),
    Option(
      meaning: .parents, short: nil, long: "path", help: "same as --parents", isAlias: true,
      isOwn: true),
    Option(
      meaning: .preserveUsual, short: "p", long: nil,
      help: "same as --preserve=mode,ownership,timestamps"),
    Option(
      meaning: .preserve, short: nil, long: "preserve", argument: .optional("LIST"),
      help:
        "keep mode, ownership, timestamps (these three without LIST), links, context, xattr, or all"
    ),
    Option(
      meaning: .noPreserve, short: nil, long: "no-preserve", argument: .required("LIST"),
      help: "do not keep these"),
    Option(
      meaning: .recursive, short: "R", long: "recursive",
      help: "copy directories with all that is in them"),
    Option(meaning: .recursiveToo, short: "r", long: nil, help: "same as -R"),
    Option(
      meaning: .removeDestination, short: nil, long: "remove-destination",
      help: "remove each existing file before making it anew"),
    Option(
      meaning: .sparse, short: nil, long: "sparse", argument: .required("WHEN"),
      help: "make holes: auto (where the source has them), always (for any zeros), never"),
    Option(
      meaning: .reflink, short: nil, long: "reflink", argument: .optional("WHEN"),
      help: "share data with the source: auto (the default), always (without WHEN), never"),
    Option(
      meaning: .stripSlashes, short: nil, long: "strip-trailing-slashes",
      help: "drop slashes at the end of each SOURCE"),
    Option(
      meaning: .suffix, short: "S", long: "suffix", argument: .required("SUFFIX"),
      help: "what is added to the name of a simple backup, ~ by default"),
    Option(
      meaning: .symbolicLinks, short: "s", long: "symbolic-link",
      help: "make symbolic links instead of copies"),
    Option(
      meaning: .targetDirectory, short: "t", long: "target-directory",
      argument: .required("DIRECTORY"),
      help: "copy all operands into DIRECTORY"),
    Option(
      meaning: .noTargetDirectory, short: "T", long: "no-target-directory",
      help: "take DEST as the copy's own name, also if it is a directory"),
    Option(
      meaning: .update, short: nil, long: "update", argument: .optional("WHICH"),
      help: "which existing files to replace: all, none, none-fail, or older (the default)"),
    Option(meaning: .updateOlder, short: "u", long: nil, help: "same as --update=older"),
    Option(
      meaning: .verbose, short: "v", long: "verbose", help: "name each file that is copied"),
    Option(
      meaning: .oneFileSystem, short: "x", long: "one-file-system",
      help: "leave directories of other file systems empty"),
    Option(
      meaning: .label, short: "Z", long: nil, help: "nothing: labels need SELinux"),
    Option(
      meaning: .context, short: nil, long: "context", argument: .optional("CTX"),
      help: "nothing, with a warning: labels need SELinux"),
    Option(meaning: .help, short: nil, long: "help", help: "show this text and exit"),
    Option(meaning: .version, short: nil, long: "version", help: "show the version and exit"),
    Option(
      meaning: .atomic, short: nil, long: "atomic",
      help: "give each file its name when it is complete; what is replaced stays until then",
      isOwn: true),
    Option(
      meaning: .synchronize, short: nil, long: "fsync",
      help: "return when all of it is on storage", isOwn: true),
    Option(
      meaning: .consistent, short: nil, long: "consistent",
      help: "fail where a file changes while it is copied, after three attempts", isOwn: true),
    Option(
      meaning: .snapshot, short: nil, long: "snapshot",
      help: "clone files and directories with all attributes, complete or not at all", isOwn: true),
    Option(
      meaning: .background, short: nil, long: "background",
      help: "take only what nobody else wants of processors, storage and memory", isOwn: true),
    Option(
      meaning: .limitRate, short: nil, long: "limit-rate", argument: .required("BYTES"),
      help: "move no more than BYTES in a second, also with K, M or G; clones do not count",
      isOwn: true),
    Option(
      meaning: .jobs, short: "j", long: "jobs", argument: .required("N"),
      help: "copy directories by N threads; by default one for each processor, at most 4",
      isOwn: true),
    Option(
      meaning: .cloneSlice, short: nil, long: "clone-slice", argument: .required("SIZE|TIME"),
      help:
        "clone in slices of SIZE (K, M, G) or TIME (ms, s), so that writers to SOURCE need not wait",
      isOwn: true),
    Option(
      meaning: .cloneDestination, short: nil, long: "clone-dest", argument: .required("DIR"),
      help:
        "build on DIR, an earlier copy beside DEST: clone what has not changed, write only blocks that have",
      isOwn: true),
    Option(
      meaning: .since, short: nil, long: "since", argument: .required("DIR"),
      help:
        "with --clone-dest, whose DIR was copied from this clone of SOURCE: read only what has changed since",
      isOwn: true),
    Option(
      meaning: .ignoreTimes, short: nil, long: "ignore-times",
      help: "with --clone-dest, compare files of the same size and time too", isOwn: true),
    Option(
      meaning: .exclude, short: nil, long: "exclude", argument: .required("PATTERN"),
      help:
        "leave out of directories what fits: a name, the end of a path, /path from SOURCE, directory/",
      isOwn: true),
    Option(
      meaning: .excludeFrom, short: nil, long: "exclude-from", argument: .required("FILE"),
      help: "the same for each line of FILE, but empty ones and those that begin with # or ;",
      isOwn: true),
    Option(
      meaning: .progressOnTerminal, short: "g", long: nil, help: "same as --progress", isOwn: true),
    Option(
      meaning: .progress, short: nil, long: "progress", argument: .optional("WHEN"),
      help:
        "show how far it is: auto (on a terminal, the default), always (else in lines), never; SIGUSR1 asks for a line",
      isOwn: true),
    Option(
      meaning: .json, short: nil, long: "json",
      help:
        "write an object in JSON for each entry, and one for the whole; other lines go to standard error",
      isOwn: true),
    Option(
      meaning: .probe, short: nil, long: "probe",
      help:
        "say what a copy of SOURCE into DIRECTORY would do and why, and copy nothing; status 0 if it can clone",
      isOwn: true),
    Option(
      meaning: .sharing, short: nil, long: "sharing",
      help:
        "say what two files, or the files of two directories, share on storage, and copy nothing",
      isOwn: true),
    Option(
      meaning: .dedupe, short: nil, long: "dedupe",
      help:
        "have files of DEST that are there share what is equal in SOURCE, and copy nothing",
      isOwn: true),
    Option(
      meaning: .verifySharing, short: nil, long: "verify-sharing",
      help: "when all is copied, say of each file what it shares with its source, by extent maps",
      isOwn: true),
  ]
}
