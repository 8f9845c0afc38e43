import CReflink
import SystemPackage

/// Owner, mode, times and extended attributes of an open file or a reference.
extension Descriptor {
  /// fchown(2); nil leaves an id as it is.
  func setOwner(_ owner: UserID?, group: GroupID?) throws(SystemError) {
    _ = try check(.setOwner) {
      creflink_set_owner(number, owner?.rawValue ?? .max, group?.rawValue ?? .max)
    }
  }

  /// fchmod(2).
  func setMode(_ permissions: FilePermissions) throws(SystemError) {
    _ = try check(.setMode) { creflink_set_mode(number, permissions.rawValue) }
  }

  /// futimens(3). Throws EOVERFLOW where the file system has no such time of modification: it takes the next one that it
  /// has, and does not tell (vfat and exFAT begin in 1980, ext4 ends in 1901 and 2446).
  @inline(never)
  func setTimes(accessed: FileStatus.Time, modified: FileStatus.Time) throws(SystemError) {
    _ = try check(.setTimes) { creflink_set_times(number, accessed.shim, modified.shim) }
    guard !modified.isEverywhere else { return }
    let kept = try status().modified.seconds
    guard FileStatus.Time.rounding.contains(kept.saturatingSubtract(modified.seconds)) else {
      throw SystemError(call: .setTimes, errno: .overflow)
    }
  }

  /// flistxattr(2).
  func attributeNames() throws(SystemError) -> [AttributeName] {
    // Almost every file has none: one call then, and no memory.
    let size = try check(.listAttributes) { creflink_list_attributes(number, nil, 0) }
    if size == 0 { return [] }
    let list = try unsafe bytes(.listAttributes, atLeast: size) { buffer, capacity in
      unsafe creflink_list_attributes(number, buffer, capacity)
    }
    return list.split(separator: 0).map { AttributeName(bytes: Array($0) + [0]) }
  }

  /// listxattrat(2) of a name in this directory: whether it has any attributes.
  func hasAttributes(_ name: Name) throws(SystemError) -> Bool {
    try check(.listAttributes) {
      unsafe creflink_list_attributes_at(number, name.pointer, nil, 0)
    } > 0
  }

  /// fgetxattr(2).
  func attribute(_ name: AttributeName) throws(SystemError) -> [CChar] {
    let size = try check(.getAttribute) {
      unsafe creflink_get_attribute(number, name.bytes, nil, 0)
    }
    return try unsafe bytes(.getAttribute, atLeast: size) { buffer, capacity in
      unsafe creflink_get_attribute(number, name.bytes, buffer, capacity)
    }
  }

  /// fsetxattr(2).
  func setAttribute(_ name: AttributeName, _ value: [CChar]) throws(SystemError) {
    _ = try check(.setAttribute) {
      unsafe creflink_set_attribute(number, name.bytes, value, value.count)
    }
  }

  /// fremovexattr(2); an attribute that is not there is no error.
  func removeAttribute(_ name: AttributeName) throws(SystemError) {
    do throws(SystemError) {
      _ = try check(.removeAttribute) { unsafe creflink_remove_attribute(number, name.bytes) }
    } catch {
      guard error.errno == .noData || error.errno == .notSupported else { throw error }
    }
  }

  /// Reads a list or value that may grow between asking for its size and reading it.
  private func bytes(
    _ call: SystemCall, atLeast size: Int,
    _ read: (UnsafeMutablePointer<CChar>?, Int) -> Int
  ) throws(SystemError) -> [CChar] {
    var capacity = max(size, 1)
    var attempts = 0
    while true {
      var value = [CChar](repeating: 0, count: capacity)
      do throws(SystemError) {
        let length = try check(call) {
          unsafe value.withUnsafeMutableBufferPointer { unsafe read($0.baseAddress, $0.count) }
        }
        value.removeLast(capacity - length)
        return value
      } catch {
        guard error.errno == .outOfRange, attempts < 10 else { throw error }
        attempts += 1
        capacity *= 2
      }
    }
  }
}

/// The name of an extended attribute; see xattr(7).
struct AttributeName: Hashable {
  /// Ended by a NUL.
  let bytes: [CChar]

  init(bytes: [CChar]) { self.bytes = bytes }
  init(_ name: StaticString) { bytes = Array(name.description.utf8CString) }

  static let accessACL = AttributeName("system.posix_acl_access")
  static let defaultACL = AttributeName("system.posix_acl_default")
  static let capability = AttributeName("security.capability")

  var text: String {
    String(decoding: bytes.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}

extension FileStatus.Time {
  /// What the coarsest file system rounds by, in seconds: vfat.
  fileprivate static var rounding: ClosedRange<Int64> { -2...2 }

  /// Whether every file system has it: from 1980 to 2038.
  fileprivate var isEverywhere: Bool { (315_619_200..<Int64(Int32.max)).contains(seconds) }
}
