import SystemPackage

/// The folders of a tree that an entry is in, from the nearest outwards: what a copy
/// must not run into again.
final class Ancestry: Sendable {
  /// The folder that the copy of a tree began with.
  struct Root {
    var source: FilePath
    var destination: FilePath
    /// The folder that was made for it.
    var identity: FileIdentity
    /// The source's device.
    var device: UInt64
  }

  let root: Root
  private let folder: FileIdentity
  private let outer: Ancestry?

  init(root: Root, folder: FileIdentity, in outer: Ancestry?) {
    self.root = root
    self.folder = folder
    self.outer = outer
  }

  func contains(_ identity: FileIdentity) -> Bool {
    var next: Ancestry? = self
    while let ancestor = next {
      if ancestor.folder == identity { return true }
      next = ancestor.outer
    }
    return false
  }
}
