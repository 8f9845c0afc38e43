import Synchronization
import SystemPackage

/// Which files with several names were copied already, and where to.
final class HardLinks: Sendable {
  struct Copy {
    var path: FilePath
    var identity: FileIdentity
    /// Names of the source that were not met yet.
    fileprivate var left: UInt32
  }

  private let followsLinks: Bool
  private let copies = Mutex<[FileIdentity: Copy]>([:])

  init(followsLinks: Bool) {
    self.followsLinks = followsLinks
  }

  /// Where the first name of this file went; nil at the first.
  func earlier(_ source: FileStatus) -> Copy? {
    copies.withLock { copies in
      guard var copy = copies[source.identity] else { return nil }
      // The last name was met: nobody will ask again, unless by links that are followed.
      copy.left -= min(copy.left, 1)
      copies[source.identity] = copy.left == 0 && !followsLinks ? nil : copy
      return copy
    }
  }

  func remember(_ source: FileStatus, at path: FilePath, _ identity: FileIdentity) {
    copies.withLock {
      $0[source.identity] = Copy(path: path, identity: identity, left: max(source.links, 2) - 1)
    }
  }
}

extension EntryCopier {
  /// Gives the copy of this file's earlier name another name. Nil when there is none.
  func link(
    to earlier: HardLinks.Copy?, _ entry: EntryFacts, _ source: Place, _ destination: Place
  ) throws(ReflinkError) -> Result? {
    guard let earlier else { return nil }
    var entry = entry
    entry.isLaterName = true
    let operation = ReflinkError.Operation.createHardLink
    let file = try earlier.path.withName { (name) throws(ReflinkError) in
      try attempt(operation, Place(.current, name), destination) { () throws(SystemError) in
        // By path, since descriptors are few; then only this very file will do.
        let file = try Descriptor.currentFolder.open(name, [.reference, .noFollow])
        guard try file.status().identity == earlier.identity else {
          throw SystemError(call: .link, errno: .noSuchFileOrDirectory)
        }
        return file
      }
    }
    if isSameFile(destination, earlier.identity) { return .hardLink }
    let made = try make(operation, entry, source, destination) { () throws(SystemError) in
      try destination.folder.descriptor.link(destination.name, to: file)
    }
    return made == .skipped ? .skipped : .hardLink
  }

  /// Whether the name is a link to that file already, as after an earlier copy.
  private func isSameFile(
    _ place: Place, _ identity: FileIdentity
  ) -> Bool {
    let status = try? place.folder.descriptor.statusIfPresent(of: place.name, follow: false)
    return status?.identity == identity
  }
}
