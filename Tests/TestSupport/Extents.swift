import CReflink
import Foundation
import SystemPackage
import Testing

/// One extent of a file as FIEMAP with SYNC tells it.
public struct Extent: Hashable, CustomStringConvertible {
  public var logical: UInt64
  public var physical: UInt64
  public var length: UInt64
  public var flags: UInt32

  public var isShared: Bool { flags & CREFLINK_EXTENT_SHARED.rawValue != 0 }
  public var isInline: Bool { flags & CREFLINK_EXTENT_INLINE.rawValue != 0 }

  public var isUnwritten: Bool { flags & CREFLINK_EXTENT_UNWRITTEN.rawValue != 0 }

  public var description: String {
    "\(logical)+\(length)@\(physical)\(isShared ? " shared" : "")\(isInline ? " inline" : "")"
  }
}

extension TestDirectory {
  /// The file's extents; none where the file system does not tell.
  public func extents(_ name: String) throws -> [Extent] {
    let file = try FileDescriptor.open(file(name), .readOnly)
    defer { try? file.close() }
    fsync(file.rawValue)
    var all: [Extent] = []
    var buffer = [creflink_extent](repeating: creflink_extent(), count: 1024)
    var start: UInt64 = 0
    while true {
      let count = creflink_extents(file.rawValue, start, true, &buffer, UInt32(buffer.count))
      guard count > 0 else { return all }
      for extent in buffer.prefix(Int(count)) {
        all.append(
          Extent(
            logical: extent.logical, physical: extent.physical, length: extent.length,
            flags: extent.flags))
      }
      guard let last = all.last, last.flags & CREFLINK_EXTENT_LAST.rawValue == 0 else { return all }
      start = last.logical + last.length
    }
  }

  /// Which physical byte each block of the file is at; holes and inline data left out.
  private func blocks(_ name: String, unit: UInt64) throws -> [UInt64: (UInt64, Bool)] {
    var blocks: [UInt64: (UInt64, Bool)] = [:]
    for extent in try extents(name) where !extent.isInline {
      for offset in stride(from: 0, to: extent.length, by: Int(unit)) {
        blocks[extent.logical + offset] = (extent.physical + offset, extent.isShared)
      }
    }
    return blocks
  }

  /// Bytes of data that the two files have in common: the same physical blocks at
  /// the same places, and marked as shared.
  public func sharedBytes(_ a: String, _ b: String) throws -> Int {
    let unit: UInt64 = system == .xfsSmallBlocks ? 1024 : 4096
    let left = try blocks(a, unit: unit)
    let right = try blocks(b, unit: unit)
    return left.reduce(0) { sum, block in
      guard let other = right[block.key], other.0 == block.value.0, other.1, block.value.1
      else { return sum }
      return sum + Int(unit)
    }
  }

  /// Bytes of written data, inline data left out.
  public func dataBytes(_ name: String) throws -> Int {
    try extents(name).reduce(0) { $1.isInline || $1.isUnwritten ? $0 : $0 + Int($1.length) }
  }

  /// Bytes that the file system has left.
  public func free() throws -> Int {
    sync()
    var status = statvfs()
    guard statvfs(path, &status) == 0 else { throw Errno(rawValue: errno) }
    return Int(status.f_bfree) * Int(status.f_frsize)
  }
}
