import Reflink
import SystemPackage

/// `--probe SOURCE DIRECTORY`: what a copy would do, and why; nothing is left behind.
struct Probing {
  let source: OwnedName
  let directory: OwnedName
  let report: ProbeReport

  init(_ source: OwnedName, _ directory: OwnedName) throws(ReflinkError) {
    self.source = source
    self.directory = directory
    report = try Blocking.probe(from: source.path, to: directory.path)
  }

  var canClone: Bool { report.mechanism == .clone }

  /// For people.
  var text: String {
    let (from, to) = (Quoting.name(source), Quoting.name(directory))
    var text =
      canClone
      ? "\(from) can be cloned into \(to)\n" : "\(from) cannot be cloned into \(to): \(cause)\n"
    switch report.mechanism {
    case .clone: break
    case .offload(onServer: true):
      text += "it would be copied by copy_file_range(2), perhaps on the server\n"
    case .offload: text += "it would be copied by copy_file_range(2), inside the kernel\n"
    default: text += "it would be copied through memory\n"
    }
    if let advice { text += advice + "\n" }
    if canClone, let change = report.noCopyOnWrite {
      text +=
        "the new file is made \(change == .set ? "NOCOW, as" : "not NOCOW, as is") the source\n"
    }
    if canClone, let alignment = report.alignment {
      text += "ranges are shared at offsets that \(alignment) divides\n"
    }
    if canClone, let limit = report.inlineLimit, limit > 0 {
      text += "files up to \(limit) bytes may be kept in metadata, and share nothing\n"
    }
    return text
  }

  private var cause: String { report.refusal?.description ?? "unknown" }

  /// What a person can do about it.
  private var advice: String? {
    guard let refusal = report.refusal, !canClone else { return nil }
    let (from, to) = (Quoting.name(source), Quoting.name(directory))
    let (sourceMount, mount) = (Mount.of(source), Mount.of(directory))
    switch refusal {
    case .otherFileSystem:
      guard let sourceMount, let mount else {
        return "a clone stays within one file system"
      }
      return
        "\(from) is on \(sourceMount.text), \(to) on \(mount.text): a clone stays within one file system"
    case .notSupported:
      guard let mount else { return nil }
      switch mount.type {
      case "xfs":
        return
          "the XFS at \(Quoting.name(mount.point)) was made without reflink; mkfs.xfs -m reflink=1 makes one with it"
      case "btrfs": return "something in between refuses the system call: a sandbox, perhaps"
      case "nfs", "nfs4":
        return "NFS clones from version 4.2 on, where the server's file system can; \(mount.text)"
      default:
        return "\(mount.type) has no reflinks; XFS and Btrfs have"
      }
    case .noCopyOnWriteMismatch:
      return report.noCopyOnWrite == .cleared
        ? "new files in \(to) are NOCOW and \(from) is not: chattr -C \(to), or a mount without nodatacow, makes them alike"
        : "\(from) is NOCOW and new files in \(to) are not: chattr +C \(to) makes new files there alike"
    case .denied:
      return
        "a sandbox, a security module, or an immutable or append-only file forbids it (lsattr shows the last)"
    case .swapFile: return "swapoff it first"
    default: return nil
    }
  }

  var record: JSONObject {
    var record = Record.begin("probe")
    record.add("source", path: source.path)
    record.add("directory", path: directory.path)
    record.add("canClone", canClone)
    switch report.mechanism {
    case .clone: record.add("mechanism", "clone")
    case .offload(let onServer):
      record.add("mechanism", "offload")
      record.add("onServer", onServer)
    default: record.add("mechanism", "copy")
    }
    if let refusal = report.refusal, !canClone {
      record.add("fallback", Record.fallback(refusal, advice: advice))
    }
    if let alignment = report.alignment { record.add("alignment", alignment) }
    if let limit = report.inlineLimit { record.add("inlineLimit", limit) }
    record.add("unnamedFiles", report.hasUnnamedFiles)
    if let change = report.noCopyOnWrite { record.add("nocow", change == .set ? "set" : "cleared") }
    return record
  }
}

extension Mount {
  /// "xfs at '/srv'".
  fileprivate var text: String { "\(type) at \(Quoting.name(point))" }
}
