import CReflink
import SystemPackage

/// Names in an open directory, `self` being the directory.
extension Descriptor {
  /// mkdirat(2).
  func makeDirectory(_ name: Name, mode: UInt32) throws(SystemError) {
    _ = try check(.makeDirectory) { unsafe creflink_make_directory(number, name.pointer, mode) }
  }

  /// mknodat(2) with the type and device of another node.
  func makeSpecial(
    _ name: Name, like status: FileStatus, mode: UInt32
  ) throws(SystemError) {
    let type: UInt32 =
      switch status.type {
      case .fifo: 0o010000
      case .socket: 0o140000
      case .characterSpecial: 0o020000
      case .blockSpecial: 0o060000
      default: 0
      }
    _ = try check(.makeSpecial) {
      unsafe creflink_make_special(
        number, name.pointer, type | mode, UInt64(status.specialDevice.rawValue))
    }
  }

  /// symlinkat(2).
  func makeSymbolicLink(_ name: Name, to target: OwnedName) throws(SystemError) {
    try target.with { (target) throws(SystemError) in
      _ = try check(.symbolicLink) {
        unsafe creflink_make_symbolic_link(target.pointer, number, name.pointer)
      }
    }
  }

  /// readlinkat(2) of the link this reference leads to. Grown until it fits:
  /// the size that statx tells is 0 on some file systems.
  func linkTarget() throws(SystemError) -> OwnedName {
    var capacity = 256
    while true {
      var bytes = [CChar](repeating: 0, count: capacity + 1)
      let length = try check(.readLink) {
        unsafe bytes.withUnsafeMutableBufferPointer { buffer in
          unsafe creflink_read_symbolic_link(number, "", buffer.baseAddress, capacity)
        }
      }
      if length < capacity {
        // Byte for byte: "a//b/" and "//net/share" mean what they say.
        return OwnedName(bytes.prefix(length))
      }
      capacity *= 4
    }
  }

  /// linkat(2): a new name for an open file, a reference or an unnamed file.
  func link(_ name: Name, to file: borrowing Descriptor) throws(SystemError) {
    try link(name, toFile: file.number)
  }

  /// The same by the descriptor's number, for where that cannot be lent.
  func link(_ name: Name, toFile other: CInt) throws(SystemError) {
    _ = try check(.link) { unsafe creflink_link_descriptor(other, number, name.pointer) }
  }

  /// linkat(2): another name for what has a name here. EEXIST where that is taken.
  func link(_ name: Name, as other: Name) throws(SystemError) {
    _ = try check(.link) { unsafe creflink_link(number, name.pointer, other.pointer) }
  }

  /// The next best where there is no RENAME_NOREPLACE (FUSE): a link, which replaces nothing
  /// either; where there are no links, rename(2) to a name that was free a moment ago.
  func moveToFreeName(_ name: Name, _ other: Name) throws(SystemError) {
    do throws(SystemError) {
      try link(name, as: other)
    } catch {
      if try statusIfPresent(of: other, follow: false) != nil {
        throw SystemError(call: .rename, errno: .fileExists)
      }
      return try rename(name, to: other, replacing: true)
    }
    try remove(name)
  }

  /// renameat2(2) inside this directory; without `replacing`, EEXIST where the name is taken.
  func rename(
    _ name: Name, to other: Name, replacing: Bool
  ) throws(SystemError) {
    try rename(name, to: other, in: self, replacing: replacing)
  }

  /// The same into another directory.
  func rename(
    _ name: Name, to other: Name, in directory: borrowing Descriptor, replacing: Bool
  ) throws(SystemError) {
    let there = directory.number
    _ = try check(.rename) {
      unsafe creflink_rename(number, name.pointer, there, other.pointer, replacing)
    }
  }

  /// unlinkat(2).
  func remove(_ name: Name, isDirectory: Bool = false) throws(SystemError) {
    _ = try check(.remove) { unsafe creflink_remove(number, name.pointer, isDirectory) }
  }
}

extension Descriptor {
  /// Where reading goes on, as another descriptor of this directory may take it up.
  func directoryOffset() throws(SystemError) -> Int64 {
    try check(.seek) { creflink_directory_offset(number) }
  }

  func setDirectoryOffset(_ offset: Int64) throws(SystemError) {
    _ = try check(.seek) { creflink_set_directory_offset(number, offset) }
  }
}

/// One buffer of names of an open directory. Its names are borrowed: nothing is
/// allocated for an entry.
// Its memory has one owner at a time.
@safe struct NameBuffer: ~Copyable, @unchecked Sendable {
  private var start: UnsafeMutableRawPointer
  private var capacity = Self.usualCapacity
  private var filled = 0
  /// Where the records are, in another order than they were read; empty for that order.
  private var order: [Int] = []
  private var nextInOrder = 0
  private var next = 0
  private var nameOffset = 0

  /// The type that the directory's record tells; `unknown` where it does not.
  private(set) var type = FileType.unknown

  /// The size of a batch: about 128 names.
  private static let usualCapacity = 4096

  init() {
    unsafe start = .allocate(byteCount: Self.usualCapacity, alignment: 16)
  }

  deinit {
    unsafe start.deallocate()
  }

  /// getdents64(2): the next batch of the directory. False at its end.
  mutating func fill(from directory: borrowing Descriptor) throws(SystemError) -> Bool {
    let number = directory.number
    next = 0
    filled = 0
    filled = try check(.readDirectory) {
      unsafe creflink_read_directory(number, start, capacity)
    }
    return filled > 0
  }

  /// All that is left of the directory, by the number of the inode: the order in which cp asks.
  /// False at its end.
  mutating func fillInOrderOfInodes(from directory: borrowing Descriptor) throws(SystemError)
    -> Bool
  {
    let number = directory.number
    next = 0
    filled = 0
    while true {
      if capacity - filled < Self.usualCapacity { grow() }
      let read = try check(.readDirectory) {
        unsafe creflink_read_directory(number, start + filled, capacity - filled)
      }
      if read == 0 { break }
      filled += read
    }
    var inodes: [(inode: UInt64, offset: Int)] = []
    var offset = 0
    while offset < filled {
      var record = creflink_entry()
      let following = unsafe creflink_next_entry(start, offset, &record)
      inodes.append((record.inode, offset))
      offset = following
    }
    order = inodes.sorted { $0.inode < $1.inode }.map(\.offset)
    nextInOrder = 0
    return filled > 0
  }

  private mutating func grow() {
    let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity * 2, alignment: 16)
    unsafe larger.copyMemory(from: start, byteCount: filled)
    unsafe start.deallocate()
    unsafe start = larger
    capacity *= 2
  }

  /// Whether the reading filled the buffer, so that there are probably more names.
  var isFull: Bool { order.isEmpty && filled > capacity - 280 }

  /// Whether the batch has entries that were not moved to.
  var hasMore: Bool { order.isEmpty ? next < filled : nextInOrder < order.count }

  /// Moves to the next entry that is neither "." nor "..". False at the batch's end.
  mutating func advance() -> Bool {
    while hasMore {
      if !order.isEmpty {
        next = order[nextInOrder]
        nextInOrder += 1
      }
      var record = creflink_entry()
      next = unsafe creflink_next_entry(start, next, &record)
      nameOffset = record.name_offset
      type = FileType(record: record.type)
      if !name.isSelfOrParent { return true }
    }
    return false
  }

  /// The entry's name, valid until the batch moves on.
  var name: Name {
    @_lifetime(borrow self)
    get {
      let pointer = unsafe (start + nameOffset).assumingMemoryBound(to: CChar.self)
      return unsafe _overrideLifetime(Name(pointer), borrowing: self)
    }
  }
}
