import Reflink
import SystemPackage

/// A failure in GNU cp's words.
func message(for error: ReflinkError, in operands: OperandPair) -> String {
  let sentence = sentence(for: error, in: operands)
  if error.operation == .inspect, let reason = error.reason { return "\(sentence) (\(reason))" }
  if error.operation == .prepare, let reason = error.reason {
    return "\(operands.shown(source: error.source)): \(reason)"
  }
  guard let left = error.leftover, left != error.destination else { return sentence }
  return "\(sentence); left behind: \(operands.shown(destination: left))"
}

private func sentence(for error: ReflinkError, in operands: OperandPair) -> String {
  let source = operands.shown(source: error.source)
  let destination = operands.shown(destination: error.destination ?? error.source)
  if case .notSupported(let cause) = error.code, cause == .renamesReplace {
    return "cannot create directory \(destination) complete or not at all: \(cause)"
  }
  let what =
    switch error.operation {
    // Of the way to a source that is copied with its directories.
    case .examine(.source) where operands.leadsThrough(error.source):
      "failed to get attributes of \(source)"
    case .examine(.source): "cannot stat \(source)"
    case .examine(.destination): "cannot stat \(destination)"
    case .open(.source): "cannot open \(source) for reading"
    case .open(.destination): "cannot open \(destination) for reading"
    case .readDirectory: "cannot access \(source)"
    case .readLink: "cannot read symbolic link \(source)"
    // cp looks at a name in something that is no directory before it makes it.
    case .createFile
    where error.errno == .notDirectory || error.errno == .tooManySymbolicLinkLevels:
      "cannot stat \(destination)"
    case .createFile: "cannot create regular file \(destination)"
    case .createDirectory where error.errno == nil:
      "\(destination) exists but is not a directory"
    case .createDirectory: "cannot create directory \(destination)"
    case .createSymbolicLink: "cannot create symbolic link \(destination)"
    case .createHardLink: "cannot create hard link \(destination) to \(source)"
    case .linkSymbolically where error.errno == nil:
      Quoting.ifNeeded(operands.given(destination: error.destination ?? error.source))
        + ": can make relative symbolic links only in current directory"
    case .linkSymbolically: "cannot create symbolic link \(destination) to \(source)"
    case .backUp: "cannot backup \(destination)"
    case .createSpecial(.fifo): "cannot create fifo \(destination)"
    case .createSpecial: "cannot create special file \(destination)"
    case .clone: "failed to clone \(destination) from \(source)"
    case .deduplicate: "failed to share data of \(source) with \(destination)"
    case .inspect where error.destination != nil: "cannot try \(source) in \(destination)"
    case .inspect: "cannot examine \(source)"
    case .offload, .prepare, .snapshot: "error copying \(source) to \(destination)"
    case .read where error.code == .sourceChanged: "\(source): file changed as we copied it"
    case .synchronize: "error syncing \(destination)"
    case .read: "error reading \(source)"
    case .write: "error writing \(destination)"
    case .remove: "cannot remove \(destination)"
    case .publish: "cannot create regular file \(destination)"
    case .preserveOwner: "failed to preserve ownership for \(destination)"
    case .preserveMode: "preserving permissions for \(destination)"
    case .preserveTimes: "preserving times for \(destination)"
    case .preserveAttribute where error.errno == .notSupported:
      "setting attributes for \(destination)"
    case .preserveAttribute(let name): "setting attribute '\(name)' for \(destination)"
    case .refuse(let refusal): sentence(refusal, source, destination)
    }
  guard let errno = error.errno else { return what }
  // A new file's name that ends with a slash: the kernel says "is a directory".
  let shown: Errno =
    error.operation == .createFile && errno == .isDirectory ? .notDirectory : errno
  return "\(what): \(errorText(shown.rawValue))"
}

private func sentence(_ refusal: ReflinkError.Refusal, _ source: String, _ destination: String)
  -> String
{
  switch refusal {
  case .directoryOmitted: "-r not specified; omitting directory \(source)"
  case .notRegular: "\(source) is not a regular file"
  case .sameFile: "\(source) and \(destination) are the same file"
  case .exists: "cannot create regular file \(destination)"
  case .directoryOverFile:
    "cannot overwrite non-directory \(destination) with directory \(source)"
  case .fileOverDirectory: "cannot overwrite directory \(destination) with non-directory \(source)"
  case .fileOverSpecial:
    "cannot overwrite special file \(destination) with regular file \(source)"
  case .danglingLink: "not writing through dangling symlink \(destination)"
  case .justCreated: "will not overwrite just-created \(destination) with \(source)"
  case .throughJustCreatedLink:
    "will not copy \(source) through just-created symlink \(destination)"
  case .backupIsSource:
    "backing up \(destination) might destroy source;  \(source) not copied"
  case .notReplaced: "not replacing \(destination)"
  case .declined: "\(destination) is left as it is"
  case .cyclicLink: "cannot copy cyclic symbolic link \(source)"
  case .intoItself: "cannot copy a directory, \(source), into itself, \(destination)"
  }
}

extension ReflinkError {
  /// Whether it was decided to make the copy, and something went wrong with that.
  var isOfBegunCopy: Bool {
    switch operation {
    case .createFile:
      errno != .notDirectory && errno != .tooManySymbolicLinkLevels
    case .open(.source), .createSymbolicLink, .createHardLink, .createSpecial, .linkSymbolically,
      .clone, .offload, .read, .write, .synchronize, .publish, .preserveOwner, .preserveMode,
      .preserveTimes,
      .preserveAttribute, .refuse(.danglingLink), .readDirectory:
      true
    default: false
    }
  }
}
