import Synchronization

/// What is to be done next in a tree.
enum TreeItem: Sendable {
  /// Read on in a directory.
  case directory(DirectoryNode)
  /// Go on with the entries of one reading. `readsOn`: the directory is to be read on
  /// after them, by whoever comes to their end.
  case batch(DirectoryNode, NameBatch, readsOn: Bool)
  /// One name that had to wait for another.
  case entry(DirectoryNode, OperandPath)

  var node: DirectoryNode {
    switch self {
    case .directory(let node), .batch(let node, _, _), .entry(let node, _): node
    }
  }
}

/// One reading of a directory: about 128 names, with how far they are done. One worker
/// has it at a time.
final class NameBatch: Sendable {
  private let names = Mutex(DirectoryBatch())

  func use<Value, Failure: Error>(
    _ body: (inout DirectoryBatch) throws(Failure) -> sending Value
  ) throws(Failure) -> sending Value {
    try names.withLock(body)
  }
}
