import CReflink
import SystemPackage

/// Memory for one piece of a file on its way, aligned to a page.
// One transfer has it, and one thread at a time the transfer.
@safe final class DataBuffer: @unchecked Sendable {
  let start: UnsafeMutableRawPointer
  let capacity: Int
  /// Whether what goes through it is to leave the page cache as it was.
  let leavesNoCache: Bool

  init(capacity: Int, leavesNoCache: Bool = false) {
    self.leavesNoCache = leavesNoCache
    unsafe start = .allocate(byteCount: capacity, alignment: 4096)
    self.capacity = capacity
  }

  deinit {
    unsafe start.deallocate()
  }

  /// Bytes that no compression makes fewer.
  func fillWithNoise() {
    var generator = SystemRandomNumberGenerator()
    for offset in stride(from: 0, to: capacity - 7, by: 8) {
      unsafe start.storeBytes(of: generator.next(), toByteOffset: offset, as: UInt64.self)
    }
  }

  /// Whether a range of the buffer holds the same as another does from `start` on.
  func isEqual(_ range: Range<Int>, to other: DataBuffer, from start: Int) -> Bool {
    unsafe creflink_is_equal(self.start + range.lowerBound, other.start + start, range.count)
  }

  /// Whether a range of the buffer holds nothing but zeros.
  func isZero(_ range: Range<Int>) -> Bool {
    unsafe creflink_is_zero(start + range.lowerBound, range.count)
  }
}

extension Descriptor {
  /// read(2) into the start of a buffer; pread(2) at `offset` when there is one.
  /// Returns the number of bytes, 0 at the end.
  func read(
    into buffer: DataBuffer, count: Int, at offset: Int64?
  ) throws(SystemError) -> Int {
    if buffer.leavesNoCache, let offset {
      return try check(.read, at: offset) {
        unsafe creflink_read_uncached(number, buffer.start, min(count, buffer.capacity), offset)
      }
    }
    return try check(.read, at: offset) {
      unsafe creflink_read(number, buffer.start, min(count, buffer.capacity), offset ?? -1)
    }
  }

  /// write(2) of a part of a buffer; pwrite(2) at `offset` when there is one.
  /// Returns how many bytes were taken, perhaps fewer.
  func write(
    _ range: Range<Int>, of buffer: DataBuffer, at offset: Int64?
  ) throws(SystemError) -> Int {
    if buffer.leavesNoCache, let offset {
      return try check(.write, at: offset) {
        unsafe creflink_write_uncached(
          number, buffer.start + range.lowerBound, range.count, offset)
      }
    }
    return try check(.write, at: offset) {
      unsafe creflink_write(number, buffer.start + range.lowerBound, range.count, offset ?? -1)
    }
  }

  /// Reads what a pipe, a socket or a terminal has now, and never waits for more; nil where
  /// there is nothing. Returns the number of bytes, 0 at the end.
  func readNow(into buffer: DataBuffer, count: Int) throws(SystemError) -> Int? {
    do throws(SystemError) {
      return try check(.read) {
        unsafe creflink_read_now(number, buffer.start, min(count, buffer.capacity))
      }
    } catch {
      guard error.errno == .resourceTemporarilyUnavailable else { throw error }
      return nil
    }
  }

  /// isatty(3).
  var isTerminal: Bool { creflink_is_terminal(number) }

  /// Writes to a pipe or a socket what it has room for now, and never waits for more; nil
  /// where there is no room.
  func writeNow(_ range: Range<Int>, of buffer: DataBuffer) throws(SystemError) -> Int? {
    do throws(SystemError) {
      return try check(.write) {
        unsafe creflink_write_now(number, buffer.start + range.lowerBound, range.count)
      }
    } catch {
      guard error.errno == .resourceTemporarilyUnavailable else { throw error }
      return nil
    }
  }

  /// fcntl(2) with O_NONBLOCK: for a file that was opened here.
  func setNonBlocking(_ isNonBlocking: Bool) throws(SystemError) {
    _ = try check(.open) { creflink_set_nonblocking(number, isNonBlocking) }
  }

  /// The same as `write` for all of a part, in as many calls as it takes.
  func writeAll(
    _ range: Range<Int>, of buffer: DataBuffer, at offset: Int64?
  ) throws(SystemError) {
    var start = range.lowerBound
    while start < range.upperBound {
      let place = offset.map { $0.saturatingAdd(Int64(start - range.lowerBound)) }
      let taken = try write(start..<range.upperBound, of: buffer, at: place)
      guard taken > 0 else { throw SystemError(call: .write, errno: .ioError, offset: place) }
      start += taken
    }
  }

  /// ftruncate(2).
  func truncate(to size: Int64) throws(SystemError) {
    _ = try check(.truncate, at: size) { creflink_truncate(number, size) }
  }

  /// fallocate(2) with FALLOC_FL_KEEP_SIZE.
  func allocate(_ range: Range<Int64>) throws(SystemError) {
    _ = try check(.allocate, at: range.lowerBound) {
      creflink_allocate(number, range.lowerBound, range.upperBound - range.lowerBound)
    }
  }

  /// fallocate(2) with FALLOC_FL_PUNCH_HOLE.
  func punchHole(_ range: Range<Int64>) throws(SystemError) {
    _ = try check(.allocate, at: range.lowerBound) {
      creflink_punch_hole(number, range.lowerBound, range.upperBound - range.lowerBound)
    }
  }
}

/// What offsets and lengths of ranges must be multiples of to be shared.
struct SharingUnit {
  var bytes: Int64
  /// Whether the kernel refuses what does not fit. OCFS2 with clusters larger than blocks
  /// shares the whole cluster instead, and what else was in it is lost; so does its
  /// copy_file_range (measured on Linux 6.1).
  var isChecked = true
}

extension Descriptor {
  /// The unit in which this file's system shares; statfs(2).
  func sharingUnit() throws(SystemError) -> SharingUnit {
    let block = max(try check(.statfs) { creflink_block_size(number) }, 512)
    switch try fileSystemType() {
    case .ocfs2:
      // Its stx_blksize is the cluster.
      let cluster = try preferredSize()
      return SharingUnit(bytes: max(block, cluster), isChecked: cluster <= block)
    // There the block is what one request carries, and the server has the last word.
    case .nfs: return SharingUnit(bytes: 4096)
    default: return SharingUnit(bytes: block)
    }
  }

  /// stx_blksize of statx(2).
  private func preferredSize() throws(SystemError) -> Int64 {
    var raw = creflink_status()
    _ = try check(.statx) { unsafe creflink_status_of(number, &raw) }
    return Int64(raw.block_size)
  }
}

/// File systems by the magic number of statfs(2), where a measured difference
/// makes it worth asking.
enum FileSystemType: Int64 {
  case ext4 = 0xEF53
  case xfs = 0x5846_5342
  case btrfs = 0x9123_683E
  case ocfs2 = 0x7461_636F
  case nfs = 0x6969
  case cifs = 0xFF53_4D42
  case smb2 = 0xFE53_4D42
  case ceph = 0x00C3_6400
  case tmpfs = 0x0102_1994
  case overlay = 0x794C_7630

  /// Whether what is made belongs to its maker, whatever was asked for at the mount.
  var givesFilesToTheirMakers: Bool {
    switch self {
    case .ext4, .xfs, .btrfs, .ocfs2, .tmpfs, .overlay: true
    case .nfs, .cifs, .smb2, .ceph: false
    }
  }

  /// A file that is open keeps its name there, also where it is removed or replaced. FIEMAP tells there what is
  /// data, and the offset in the file for its place.
  var isSMB: Bool { self == .cifs || self == .smb2 }
}

extension Descriptor {
  /// Bytes that are free on this file's system; statfs(2).
  func freeBytes() throws(SystemError) -> Int64 {
    try check(.statfs) { creflink_free_bytes(number) }
  }

  /// fstatfs(2); nil for a file system that makes no difference here.
  @inline(never)
  func fileSystemType() throws(SystemError) -> FileSystemType? {
    FileSystemType(rawValue: try check(.statfs) { creflink_file_system_type(number) })
  }
}
