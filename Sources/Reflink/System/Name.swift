import CReflink
package import SystemPackage

/// A name or path for the kernel, borrowed from whoever holds its bytes: a directory's
/// buffer, or an `OwnedName`. It cannot outlive them and is never copied on the way to a
/// system call. Bytes are passed on as they are: a name need not be UTF-8.
@safe struct Name: ~Escapable {
  /// The bytes, ended by a NUL.
  let pointer: UnsafePointer<CChar>

  @_lifetime(borrow pointer)
  init(_ pointer: UnsafePointer<CChar>) {
    unsafe self.pointer = pointer
  }

  /// Whether the name is "." or "..".
  var isSelfOrParent: Bool {
    unsafe pointer[0] == 0x2E
      && (pointer[1] == 0 || (pointer[1] == 0x2E && pointer[2] == 0))
  }
}

/// A name or path that is kept, byte for byte as it was given. `FilePath` would drop a
/// slash at the end, which says that a directory is meant, and join slashes, which a
/// symbolic link's target may need.
package struct OwnedName: Sendable, Hashable {
  /// Ended by a NUL.
  package let bytes: [CChar]

  /// - Parameter bytes: Ended by a NUL.
  package init(bytes: [CChar]) {
    self.bytes = bytes
  }

  package init(_ text: some Collection<CChar>) {
    bytes = Array(text) + [0]
  }

  package init(_ text: String) {
    bytes = text.utf8.map(CChar.init(bitPattern:)) + [0]
  }

  package init(_ path: FilePath) {
    bytes = unsafe path.withPlatformString { start in
      unsafe Array(UnsafeBufferPointer(start: start, count: path.length + 1))
    }
  }

  init(_ name: borrowing Name) {
    var length = 0
    while unsafe name.pointer[length] != 0 { length += 1 }
    bytes = unsafe Array(UnsafeBufferPointer(start: name.pointer, count: length + 1))
  }

  /// The bytes without the NUL.
  package var text: ArraySlice<CChar> { bytes.dropLast() }

  package static var slash: CChar { 0x2F }
  package static let dot = OwnedName(bytes: [0x2E, 0])
  static let parent = OwnedName(bytes: [0x2E, 0x2E, 0])

  /// Without the slashes at its end; one that is nothing but slashes keeps one.
  package var withoutTrailingSlashes: OwnedName {
    var text = text
    while text.count > 1, text.last == Self.slash { text.removeLast() }
    return OwnedName(text)
  }

  /// For errors and outcomes, where paths are SystemPackage's.
  package var path: FilePath {
    unsafe bytes.withUnsafeBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return FilePath() }
      return unsafe FilePath(platformString: start)
    }
  }

  /// Lends the name to system calls.
  func with<Result: ~Copyable, Failure: Error>(
    _ body: (Name) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    // `withUnsafeBufferPointer` neither keeps an error's type nor returns what cannot be
    // copied.
    var value: Result?
    var failure: Failure?
    unsafe bytes.withUnsafeBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return }
      do throws(Failure) {
        value = try body(unsafe Name(start))
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    guard let value else { preconditionFailure("the body ran: a NUL is always there") }
    return value
  }

  /// Another name than any that is there, for what is not complete.
  static func temporary() -> OwnedName {
    OwnedName(".reflink-\(String(UInt64.random(in: .min ... .max), radix: 36))")
  }
}

/// A shell pattern; fnmatch(3).
struct Pattern: Sendable {
  private let pattern: OwnedName

  init(_ text: String) {
    pattern = OwnedName(text)
  }

  /// - Parameter isPath: Whether wildcards stop at slashes.
  func matches(_ name: borrowing Name, isPath: Bool) -> Bool {
    unsafe creflink_matches(pattern.bytes, name.pointer, isPath)
  }
}
