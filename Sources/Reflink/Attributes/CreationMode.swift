import CReflink
import Synchronization
import SystemPackage

extension EntryCopier {
  /// What a new entry is to be made with where its source's mode is not preserved,
  /// before the umask.
  func wantedPermissions(of source: FileStatus) -> FilePermissions {
    if options.usesDefaultMode {
      let mayExecute = source.type == .directory || source.type == .socket
      return FilePermissions(rawValue: mayExecute ? 0o777 : 0o666)
    }
    return FilePermissions(rawValue: source.permissions.rawValue & 0o777)
  }

  /// The mode that a new entry is given in the end, where its source's is not
  /// preserved and its creation does not decide: what was wanted less the umask,
  /// whatever a default access control list would make of it. Else nil.
  func finalMode(
    of source: FileStatus, in directory: Directory
  ) throws(SystemError) -> FilePermissions? {
    guard !options.preserving.mode, source.type != .symbolicLink,
      options.usesDefaultMode || options.preserving.needsOwnersOnly
    else { return nil }
    return wantedPermissions(of: source).subtracting(try umask.value(in: directory))
  }
}

/// The process's umask as it was when this copy first needed it, from
/// /proc/thread-self/status: umask(2) can only be read by changing it, for all threads.
final class Umask: Sendable {
  private static let unread = UInt32.max
  private let known = Atomic<UInt32>(unread)

  /// Where /proc does not tell, a file that is made in `directory` shows it. It is never
  /// guessed: throws where that is not possible either.
  func value(in directory: Directory) throws(SystemError) -> FilePermissions {
    var bits = known.load(ordering: .relaxed)
    if bits == Self.unread {
      let told = creflink_current_umask()
      bits = told >= 0 ? UInt32(told) : try Self.shown(in: directory)
      known.store(bits, ordering: .relaxed)
    }
    return FilePermissions(rawValue: bits)
  }

  /// What creation leaves of all rights: of an empty file that is nobody's, and gone at once.
  private static func shown(in directory: Directory) throws(SystemError) -> UInt32 {
    let opened = try directory.open(.dot, .directory)
    // A default access control list would take the umask's place.
    if try opened.attributeNames().contains(.defaultACL) {
      throw SystemError(call: .umask, errno: .noSuchFileOrDirectory)
    }
    var rights: FileRights?
    let name = try NameTransaction.temporary(.nothing) { (name) throws(SystemError) in
      let file = try opened.open(name, [.write, .create, .exclusive], mode: 0o777)
      rights = try file.rights()
    }
    if case .temporary(let name) = name.state {
      try name.with { (name) throws(SystemError) in try opened.remove(name) }
    }
    guard let rights else { throw SystemError(call: .umask, errno: .noSuchFileOrDirectory) }
    return 0o777 & ~rights.permissions.rawValue
  }
}
