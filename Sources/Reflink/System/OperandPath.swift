package import SystemPackage

/// One name in one directory.
package struct EntryIdentity: Hashable, Sendable {
  var directory: FileIdentity
  var name: FilePath.Component?
  package var isDirectory: Bool
}

/// A path exactly as a user gave it. `FilePath` drops a slash at the end, which
/// says that a directory is meant.
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

  /// Which name of which directory this is, however it was written; nil where there is
  /// no such entry.
  package var identity: EntryIdentity? {
    withName { name in
      let path = name.path
      let parent = path.removingLastComponent()
      let here = Descriptor.currentDirectory
      guard let entry = try? here.status(of: name, follow: false),
        let directory = try? (parent.isEmpty ? "." : parent).withName({
          (name) throws(SystemError) in
          try here.status(of: name, follow: true)
        })
      else { return nil }
      return EntryIdentity(
        directory: directory.identity, name: path.lastComponent,
        isDirectory: entry.type == .directory)
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
