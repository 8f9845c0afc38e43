import Synchronization

/// What is to be done next in a tree.
enum TreeItem: Sendable {
  /// Read on in a directory.
  case directory(DirectoryNode)
  /// Go on with the entries of one reading. `readsOn`: the directory is to be read on
  /// after them, by whoever comes to their end.
  case batch(DirectoryNode, NameBatch, readsOn: Bool)
  /// One name that had to wait: for another, or to be opened.
  case entry(DirectoryNode, OwnedName)
  /// Go on with an unfinished file.
  case file(DirectoryNode, SuspendedFile)
  /// Take away a tree that was to appear complete, and will not be.
  case removal(TreeRemoval)

  /// The directory that it belongs to, and keeps in use.
  var node: DirectoryNode? {
    switch self {
    case .directory(let node), .batch(let node, _, _), .entry(let node, _), .file(let node, _):
      node
    case .removal: nil
    }
  }
}

/// One reading of a directory: about 128 names, with how far they are done. One worker
/// has it at a time.
final class NameBatch: Sendable {
  private let names = Mutex(NameBuffer())

  func use<Value, Failure: Error>(
    _ body: (inout NameBuffer) throws(Failure) -> sending Value
  ) throws(Failure) -> sending Value {
    try names.withLock(body)
  }
}
