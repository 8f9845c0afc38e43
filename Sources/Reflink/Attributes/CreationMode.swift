import CReflink
import Synchronization
import SystemPackage

extension EntryCopier {
  /// What a new entry is to be made with where its source's mode is not preserved,
  /// before the umask.
  func wantedPermissions(of source: FileStatus) -> FilePermissions {
    if options.usesDefaultMode {
      return FilePermissions(rawValue: source.type == .directory ? 0o777 : 0o666)
    }
    return FilePermissions(rawValue: source.permissions.rawValue & 0o777)
  }

  /// The mode that a new entry is given in the end, where its source's is not
  /// preserved and its creation does not decide: what was wanted less the umask,
  /// whatever a default access control list would make of it. Else nil.
  func finalMode(of source: FileStatus) throws(SystemError) -> FilePermissions? {
    guard !options.preserving.mode, source.type != .symbolicLink,
      options.usesDefaultMode || options.preserving.needsOwnersOnly
    else { return nil }
    return wantedPermissions(of: source).subtracting(try umask.value())
  }
}

/// The process's umask as it was when this copy first needed it, from
/// /proc/thread-self/status: umask(2) can only be read by changing it, for all threads.
final class Umask: Sendable {
  private static let unread = UInt32.max
  private let known = Atomic<UInt32>(unread)

  /// Throws where /proc does not tell: it is never guessed.
  func value() throws(SystemError) -> FilePermissions {
    var bits = known.load(ordering: .relaxed)
    if bits == Self.unread {
      bits = UInt32(try check(.umask) { creflink_current_umask() })
      known.store(bits, ordering: .relaxed)
    }
    return FilePermissions(rawValue: bits)
  }
}
