package import SystemPackage

/// A path exactly as a user gave it. `FilePath` drops a slash at the end, which
/// says that a folder is meant.
package struct OperandPath: Sendable {
  /// Ended by a NUL.
  package let bytes: [CChar]

  package init(bytes: [CChar]) {
    self.bytes = bytes
  }

  /// For messages and outcomes.
  package var display: FilePath { withName { $0.path } }

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
