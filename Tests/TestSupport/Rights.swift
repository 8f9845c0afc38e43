import CTestSupport
import Foundation

/// Runs a body on a thread with a user's rights to files. Not for what starts threads,
/// which would have those rights too, for as long as they are shared.
public func asUser<Value: Sendable>(
  _ user: UInt32, _ body: @escaping @Sendable () -> Value
) async -> Value {
  await withCheckedContinuation { continuation in
    Thread.detachNewThread {
      ctestsupport_use_files_as(user)
      continuation.resume(returning: body())
    }
  }
}

/// The process's umask. All tests leave it alone, so that asking for it harms nobody.
public func currentUmask() -> mode_t {
  let mask = umask(0o022)
  umask(mask)
  return mask
}

extension TestDirectory {
  /// While it is so, the subdirectory takes new names and gives none away, to nobody.
  public func setAppendOnly(_ name: String, _ isOn: Bool) throws {
    guard ctestsupport_set_append_only(self[name], isOn ? 1 : 0) == 0 else {
      throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
    }
  }
}

/// The children of this thread, from now on, are in a process namespace of their own; for
/// threads that nobody else uses afterwards.
public func useNewProcessNamespace() throws {
  guard ctestsupport_use_new_process_namespace() == 0 else {
    throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
  }
}
