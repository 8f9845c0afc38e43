package import SystemPackage

/// One name in one folder.
package struct EntryIdentity: Hashable, Sendable {
  var folder: FileIdentity
  var name: FilePath.Component?
  package var isFolder: Bool
}

/// A path exactly as a user gave it. `FilePath` drops a slash at the end, which
/// says that a folder is meant.
package struct OperandPath: Sendable {
  /// Ended by a NUL.
  package let bytes: [CChar]

  package init(bytes: [CChar]) {
    self.bytes = bytes
  }

  package init(_ path: FilePath) {
    bytes = unsafe path.withPlatformString { start in
      unsafe Array(UnsafeBufferPointer(start: start, count: path.length + 1))
    }
  }

  /// For messages and outcomes.
  package var display: FilePath { withName { $0.path } }

  /// Which name of which folder this is, however it was written; nil where there is
  /// no such entry.
  package var identity: EntryIdentity? {
    withName { name in
      let path = name.path
      let parent = path.removingLastComponent()
      let here = Descriptor.currentFolder
      guard let entry = try? here.status(of: name, follow: false),
        let folder = try? (parent.isEmpty ? "." : parent).withName({ (name) throws(SystemError) in
          try here.status(of: name, follow: true)
        })
      else { return nil }
      return EntryIdentity(
        folder: folder.identity, name: path.lastComponent, isFolder: entry.type == .folder)
    }
  }

  func withName<Result: ~Copyable, Failure: Error>(
    _ body: (EntryName) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    var value: Result?
    var failure: Failure?
    unsafe bytes.withUnsafeBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return }
      do throws(Failure) {
        value = try body(unsafe EntryName(start))
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    guard let value else { preconditionFailure("the body ran: a NUL is always there") }
    return value
  }
}
