import CReflink

extension Descriptor {
  /// FICLONE: all of `source`, shared, into this file.
  func clone(from source: borrowing Descriptor) throws(SystemError) {
    let from = source.number
    _ = try check(.clone) { creflink_clone(number, from) }
  }

  /// FICLONERANGE. An empty range does nothing: to the kernel, length 0 means "to the end".
  func clone(
    _ range: Range<Int64>, from source: borrowing Descriptor, to offset: Int64
  ) throws(SystemError) {
    if range.isEmpty { return }
    let from = source.number
    let length = range.upperBound - range.lowerBound
    _ = try check(.cloneRange, at: range.lowerBound) {
      creflink_clone_range(number, offset, from, range.lowerBound, length)
    }
  }

  /// copy_file_range(2): up to `count` bytes. Returns how many, 0 at the source's end.
  func copy(
    count: Int, from source: borrowing Descriptor, at sourceOffset: Int64, to offset: Int64
  ) throws(SystemError) -> Int {
    let from = source.number
    return try check(.copyRange, at: sourceOffset) {
      creflink_copy_range(from, sourceOffset, number, offset, count)
    }
  }
}

extension Descriptor {
  /// FIDEDUPERANGE: has a range of this file share storage with one of `source`, as far as the two are
  /// equal. Returns the bytes that are shared, perhaps fewer than asked for; 0 where they differ.
  func deduplicate(
    at offset: Int64, with range: Range<Int64>, of source: borrowing Descriptor
  ) throws(SystemError) -> Int64 {
    if range.isEmpty { return 0 }
    let from = source.number
    return try check(.deduplicate, at: offset) {
      creflink_dedupe_range(number, offset, from, range.lowerBound, range.length)
    }
  }
}

/// A FICLONE in a process of its own, which can be ended. Both files must stay
/// open until it ended; letting go of it kills it first.
// One transfer has it, and one thread at a time the transfer.
@safe final class CloneHelper: @unchecked Sendable {
  /// Becomes readable when the clone ended.
  let ended: CInt
  private var helper: OpaquePointer?

  init(
    cloning source: borrowing Descriptor, into destination: borrowing Descriptor
  ) throws(SystemError) {
    let from = source.number
    let to = destination.number
    var helper: OpaquePointer?
    ended = try check(.helper) { unsafe creflink_clone_helper_start(to, from, &helper) }
    unsafe self.helper = helper
  }

  deinit {
    kill()
    try? finish()
  }

  /// Whether the clone ended; never waits.
  var hasEnded: Bool { isReadable(ended) }

  /// Waits until the clone ended (at once when `ended` is readable) and says how.
  func finish() throws(SystemError) {
    guard let running = unsafe helper else { return }
    unsafe helper = nil
    _ = try check(.clone) { unsafe creflink_clone_helper_finish(running) }
  }

  /// Asks the system to end the clone, which it does within milliseconds, or once the source's
  /// new data is written out. The destination then holds some prefix of the source.
  func kill() {
    guard let running = unsafe helper else { return }
    unsafe creflink_clone_helper_kill(running)
  }
}

/// Snapshots that a file system makes by itself.
extension Descriptor {
  /// OCFS2_IOC_REFLINK with everything preserved; `self` is any file of that file system.
  func reflink(_ source: Name, to destination: Name) throws(SystemError) {
    _ = try check(.reflink) {
      unsafe creflink_ocfs2_reflink(number, source.pointer, destination.pointer, true)
    }
  }

  /// BTRFS_IOC_SNAP_CREATE_V2 of the subvolume `source`; `self` is the directory of the new name.
  func snapshot(
    of source: borrowing Descriptor, as name: Name, readOnly: Bool
  ) throws(SystemError) {
    let from = source.number
    _ = try check(.subvolume) {
      unsafe creflink_btrfs_snapshot(from, number, name.pointer, readOnly)
    }
  }
}
