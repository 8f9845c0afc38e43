import SystemPackage

/// The directories of a tree that an entry is in, from the nearest outwards: what a copy
/// must not run into again.
final class Ancestry: Sendable {
  /// The directory that the copy of a tree began with.
  struct Root {
    var source: FilePath
    var destination: FilePath
    /// The directory that was made for it.
    var identity: FileStatus.Identity
    /// The source's device.
    var device: DeviceID
  }

  let root: Root
  private let directory: FileStatus.Identity
  private let outer: Ancestry?

  init(root: Root, directory: FileStatus.Identity, in outer: Ancestry?) {
    self.root = root
    self.directory = directory
    self.outer = outer
  }

  func contains(_ identity: FileStatus.Identity) -> Bool {
    var next: Ancestry? = self
    while let ancestor = next {
      if ancestor.directory == identity { return true }
      next = ancestor.outer
    }
    return false
  }
}
