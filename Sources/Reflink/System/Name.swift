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

  /// A literal, which is there for ever.
  @_lifetime(immortal)
  init(literal: StaticString) {
    unsafe pointer = UnsafeRawPointer(literal.utf8Start).assumingMemoryBound(to: CChar.self)
  }

  /// Whether the name is "." or "..".
  var isSelfOrParent: Bool {
    unsafe pointer[0] == 0x2E
      && (pointer[1] == 0 || (pointer[1] == 0x2E && pointer[2] == 0))
  }

  /// Whether it may be one that `OwnedName.temporary` gives. A look at two bytes, for names of which
  /// there are many.
  var mayBeTemporary: Bool { unsafe pointer[0] == 0x2E && pointer[1] == 0x72 }
}

/// A name or path that is kept, byte for byte as it was given. `FilePath` would drop a
/// slash at the end, which says that a directory is meant, and join slashes, which a
/// symbolic link's target may need.
// Not an array: the type of one is put together at run time, which takes longer than the
// copy of a small file.
package struct OwnedName: Sendable, Hashable {
  private let storage: Storage

  // Written once, before anybody else sees it.
  @safe private final class Storage: @unchecked Sendable {
    /// The bytes, ended by a NUL.
    let start: UnsafeMutablePointer<CChar>
    /// Without the NUL.
    let count: Int

    init(count: Int) {
      unsafe start = .allocate(capacity: count + 1)
      unsafe start[count] = 0
      self.count = count
    }

    deinit { unsafe start.deallocate() }
  }

  /// A part of other bytes; the NUL is added.
  private init(copying bytes: UnsafePointer<CChar>, count: Int) {
    storage = Storage(count: count)
    unsafe storage.start.update(from: bytes, count: count)
  }

  /// The bytes up to the first NUL.
  package init(copying text: UnsafePointer<CChar>) {
    var count = 0
    while unsafe text[count] != 0 { count += 1 }
    unsafe self.init(copying: text, count: count)
  }

  package init(_ text: some Collection<CChar>) {
    storage = Storage(count: text.count)
    for (index, byte) in text.enumerated() { unsafe storage.start[index] = byte }
  }

  package init(_ text: String) {
    self.init(text.utf8.map(CChar.init(bitPattern:)))
  }

  package init(_ path: FilePath) {
    self = unsafe path.withPlatformString { unsafe OwnedName(copying: $0) }
  }

  init(_ name: borrowing Name) {
    unsafe self.init(copying: name.pointer)
  }

  package static func == (a: OwnedName, b: OwnedName) -> Bool {
    guard a.count == b.count else { return false }
    for index in 0..<a.count where a[index] != b[index] { return false }
    return true
  }

  package func hash(into hasher: inout Hasher) {
    for index in 0..<count { hasher.combine(self[index]) }
  }

  package var count: Int { storage.count }
  package var isEmpty: Bool { storage.count == 0 }
  private subscript(index: Int) -> CChar { unsafe storage.start[index] }

  /// The bytes, without the NUL.
  package var text: [CChar] { (0..<count).map { self[$0] } }

  /// What follows each slash, to the end.
  var afterSlashes: [OwnedName] {
    let text = text
    return text.indices.filter { text[$0] == Self.slash }.map { OwnedName(text[($0 + 1)...]) }
  }

  package static var slash: CChar { 0x2F }
  package static let dot = OwnedName(Name(literal: "."))
  package static let parent = OwnedName(Name(literal: ".."))

  package var isAbsolute: Bool { !isEmpty && self[0] == Self.slash }
  /// Whether all of it is one slash or more.
  package var isRoot: Bool { isAbsolute && withoutTrailingSlashes.count == 1 }

  /// Without the slashes at its end; one that is nothing but slashes keeps one.
  package var withoutTrailingSlashes: OwnedName {
    var end = count
    while end > 1, self[end - 1] == Self.slash { end -= 1 }
    return end == count ? self : unsafe OwnedName(copying: storage.start, count: end)
  }

  /// What is before the last component, its slash included, and the last component with any
  /// slashes at its end. The root is both in itself.
  package func split() -> (prefix: OwnedName, last: OwnedName) {
    if isRoot { return (self, self) }
    var start = withoutTrailingSlashes.count
    while start > 0, self[start - 1] != Self.slash { start -= 1 }
    return (
      unsafe OwnedName(copying: storage.start, count: start),
      unsafe OwnedName(copying: storage.start + start, count: count - start)
    )
  }

  /// For errors and outcomes, where paths are SystemPackage's.
  package var path: FilePath { unsafe FilePath(platformString: storage.start) }

  /// Lends the name to system calls.
  func with<Result: ~Copyable, Failure: Error>(
    _ body: (Name) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    // Not withExtendedLifetime: Swift 6.3's optimiser fails on it here.
    let storage = storage
    do throws(Failure) {
      let result = try body(unsafe Name(storage.start))
      extendLifetime(storage)
      return result
    } catch {
      extendLifetime(storage)
      throw error
    }
  }

  /// Another name than any that is there, for what is not complete.
  static func temporary() -> OwnedName {
    OwnedName("\(temporaryPrefix)\(String(UInt64.random(in: .min ... .max), radix: 36))")
  }

  private static var temporaryPrefix: String { ".reflink-" }

  /// Whether it is one that `temporary` gives.
  var isTemporary: Bool {
    let prefix = Self.temporaryPrefix.utf8
    guard count > prefix.count, count <= prefix.count + 13 else { return false }
    for (index, byte) in prefix.enumerated() where self[index] != CChar(bitPattern: byte) {
      return false
    }
    return text.dropFirst(prefix.count).allSatisfy { (48...57) ~= $0 || (97...122) ~= $0 }
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
    pattern.with { unsafe creflink_matches($0.pointer, name.pointer, isPath) }
  }
}
