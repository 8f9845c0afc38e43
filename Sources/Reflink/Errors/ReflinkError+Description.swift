import SystemPackage

extension ReflinkError: CustomStringConvertible {
  /// A sentence for people: what could not be done, to what, why, and how far it was.
  public var description: String {
    var sentence = what
    if let cause { sentence += ": \(cause)" }
    if bytesDone > 0 {
      sentence += " (after \(bytesDone) bytes"
      if let bytesRemaining { sentence += ", \(bytesRemaining) left" }
      sentence += ")"
    }
    if let leftover { sentence += "; left behind: \(leftover)" }
    return sentence
  }

  private var cause: String? {
    if let reason { return reason }
    if case .refuse = operation { return nil }
    return switch code {
    case .notSupported(let cause) where cause != .notSupported: "\(cause)"
    case .cancelled: "cancelled"
    case .sourceChanged: "the source changed meanwhile"
    default: errno?.description
    }
  }

  private var what: String {
    let target = destination ?? source
    return switch operation {
    case .examine(.source): "cannot examine \(source)"
    case .examine(.destination): "cannot examine \(target)"
    case .open(.source): "cannot open \(source)"
    case .open(.destination): "cannot open \(target)"
    case .readDirectory: "cannot read directory \(source)"
    case .readLink: "cannot read symbolic link \(source)"
    case .createFile: "cannot create file \(target)"
    case .createDirectory: "cannot create directory \(target)"
    case .createSymbolicLink: "cannot create symbolic link \(target)"
    case .createHardLink: "cannot create hard link \(target) to \(source)"
    case .createSpecial: "cannot create special file \(target)"
    case .clone: "cannot clone \(source) to \(target)"
    case .snapshot: "cannot make a snapshot of \(source) as \(target)"
    case .inspect: "cannot inspect \(source)"
    case .deduplicate: "cannot share data of \(source)"
    case .offload: "cannot copy \(source) to \(target)"
    case .read: "cannot read \(source)"
    case .write: "cannot write \(target)"
    case .synchronize: "cannot write \(target) out to storage"
    case .remove: "cannot remove \(target)"
    case .backUp: "cannot give \(target) another name"
    case .publish: "cannot give \(target) its name"
    case .preserveOwner: "cannot preserve the owner of \(target)"
    case .preserveMode: "cannot preserve the permissions of \(target)"
    case .preserveTimes: "cannot preserve the times of \(target)"
    case .preserveAttribute(let name): "cannot preserve attribute \(name) of \(target)"
    case .prepare: "cannot copy \(source) to \(target)"
    case .refuse(.directoryOmitted): "\(source) is a directory: see copyTree"
    case .refuse(.notRegular): "\(source) is not a regular file"
    case .refuse(.sameFile): "\(source) and \(target) are the same file"
    case .refuse(.exists): "\(target) exists"
    case .refuse(.directoryOverFile):
      "cannot overwrite \(target), not a directory, with directory \(source)"
    case .refuse(.fileOverDirectory):
      "cannot overwrite directory \(target) with \(source), not a directory"
    case .refuse(.fileOverSpecial):
      "cannot overwrite \(target), a device node, FIFO or socket, with regular file \(source)"
    case .refuse(.danglingLink): "\(target) is a symbolic link that leads nowhere"
    case .refuse(.justCreated), .refuse(.throughJustCreatedLink):
      "another source was copied to \(target) just now"
    case .refuse(.backupIsSource): "keeping the old \(target) would destroy \(source)"
    case .refuse(.notReplaced): "\(target) exists, and is not replaced"
    case .linkSymbolically: "cannot create symbolic link \(target) to \(source)"
    case .refuse(.declined): "\(target) is left as it is"
    case .refuse(.cyclicLink): "\(source) leads to a directory that it is in"
    case .refuse(.intoItself): "cannot copy directory \(source) into itself, \(target)"
    }
  }
}
