import SystemPackage

/// The Btrfs flag NOCOW, in which two files must be alike to share.
extension Descriptor {
  /// What would make this file's flag like the source's. To be asked only after a refusal:
  /// no call is spent on files that clone at once.
  func noCopyOnWriteDifference(
    to source: borrowing Descriptor
  ) -> CopyOutcome.NoCopyOnWriteChange? {
    guard let from = try? source.inodeFlags(), let to = try? inodeFlags(),
      from.contains(.noCopyOnWrite) != to.contains(.noCopyOnWrite)
    else { return nil }
    return from.contains(.noCopyOnWrite) ? .set : .cleared
  }

  /// Whether the flag can be changed once the file is empty: asked of a file that still has
  /// data, by setting the flags that it has. Only its owner may, and compressed data needs
  /// copy-on-write.
  func mayAdopt(_ change: CopyOutcome.NoCopyOnWriteChange) -> Bool {
    do throws(SystemError) {
      let flags = try inodeFlags()
      try setInodeFlags(flags)
      return change == .cleared || !flags.contains(.compressed)
    } catch {
      return false
    }
  }

  /// Changes the flag of this (empty) file. Btrfs answers 0 and changes nothing on a file
  /// with data, so it is read back.
  func adopt(_ change: CopyOutcome.NoCopyOnWriteChange) -> Bool {
    do throws(SystemError) {
      var flags = try inodeFlags()
      switch change {
      case .set: flags.insert(.noCopyOnWrite)
      case .cleared: flags.remove(.noCopyOnWrite)
      }
      try setInodeFlags(flags)
      return try inodeFlags() == flags
    } catch {
      return false
    }
  }
}

extension Descriptor {
  /// Throws unless this file can share with the source: asks for a range that no file has.
  /// EINVAL is the answer where the two can; everything that forbids it (another file
  /// system, no support) is looked at before the range. Touches nothing.
  func requireSharing(with source: borrowing Descriptor) throws(SystemError) {
    let nowhere: Range<Int64> = 1 << 62..<1 << 62 + 4096
    do throws(SystemError) {
      try clone(nowhere, from: source, to: 0)
    } catch {
      guard error.errno == .invalidArgument else { throw error }
    }
  }
}
