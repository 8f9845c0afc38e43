import Synchronization

/// What is to be done next in a tree.
enum TreeItem: Sendable {
  /// Read on in a folder.
  case folder(FolderNode)
  /// Go on with the entries of one reading. `readsOn`: the folder is to be read on
  /// after them, by whoever comes to their end.
  case batch(FolderNode, NameBatch, readsOn: Bool)
  /// One name that had to wait for another.
  case entry(FolderNode, OperandPath)

  var node: FolderNode {
    switch self {
    case .folder(let node), .batch(let node, _, _), .entry(let node, _): node
    }
  }
}

/// One reading of a folder: about 128 names, with how far they are done. One worker
/// has it at a time.
final class NameBatch: Sendable {
  private let names = Mutex(FolderBatch())

  func use<Value, Failure: Error>(
    _ body: (inout FolderBatch) throws(Failure) -> sending Value
  ) throws(Failure) -> sending Value {
    try names.withLock(body)
  }
}
