import SystemPackage

/// A name or path for the kernel, borrowed from whoever holds its bytes: a
/// directory's buffer, or a `FilePath`. It cannot outlive them and is never copied
/// on the way to a system call. Bytes are passed on as they are: a name need not
/// be UTF-8.
@safe struct EntryName: ~Escapable {
  /// The bytes, ended by a NUL.
  let pointer: UnsafePointer<CChar>

  @_lifetime(borrow pointer)
  init(_ pointer: UnsafePointer<CChar>) {
    unsafe self.pointer = pointer
  }

  /// A copy that may be kept: for errors, outcomes, and what is renamed later.
  var path: FilePath {
    unsafe FilePath(platformString: pointer)
  }

  /// Whether the name is "." or "..".
  var isSelfOrParent: Bool {
    unsafe pointer[0] == 0x2E
      && (pointer[1] == 0 || (pointer[1] == 0x2E && pointer[2] == 0))
  }
}

extension FilePath {
  /// Lends the path to system calls.
  func withName<Result: ~Copyable, Failure: Error>(
    _ body: (EntryName) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    // `withPlatformString` neither keeps an error's type nor returns what cannot be copied.
    var value: Result?
    var failure: Failure?
    unsafe withPlatformString { pointer in
      do throws(Failure) {
        value = try body(unsafe EntryName(pointer))
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    guard let value else { preconditionFailure("the body ran") }
    return value
  }
}
