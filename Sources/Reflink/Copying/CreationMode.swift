import CReflink
import SystemPackage

extension EntryCopier {
  /// What a new entry is to be made with where its source's mode is not preserved,
  /// before the umask.
  func wantedPermissions(of source: FileStatus) -> FilePermissions {
    if options.usesDefaultMode {
      return FilePermissions(rawValue: source.type == .folder ? 0o777 : 0o666)
    }
    return FilePermissions(rawValue: source.permissions.rawValue & 0o777)
  }

  /// The permissions that creating something with `wanted` yields at `place`: less
  /// the umask, or shaped by the folder's default access control list.
  ///
  /// Needed where an entry is made owner-only because its owner is still to be
  /// set, and its mode is not its source's. Asked of the file system, with a file
  /// that has no name: umask(2) can only be read by changing it, for all threads.
  func creationMode(for wanted: FilePermissions, at place: Place) -> FilePermissions {
    let plain = wanted.rawValue & 0o777
    let learned = try? place.parent.withName { (parent) throws(SystemError) in
      try place.folder.descriptor.open(parent, [.unnamed, .write], mode: plain).status().permissions
    }
    if let learned { return learned }
    let umask = creflink_current_umask()
    return FilePermissions(rawValue: plain & ~(umask >= 0 ? UInt32(umask) : 0o077))
  }
}
