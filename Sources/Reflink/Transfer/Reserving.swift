import SystemPackage

/// For which runs of data blocks are reserved before they are filled, by the
/// destination's file system. Elsewhere it does harm: on Btrfs it undoes
/// compression, on tmpfs every page is written twice.
enum Reserving {
  case unknown
  case none
  /// ext4: allocation while writing waits for writeback of the same file.
  case longRuns
  /// XFS: the same, and what it allocates ahead of a write at the end would stay
  /// where a hole is to follow.
  case longRunsAndThoseBeforeHoles
}

extension FileTransfer {
  /// Longer than one step of offload: shorter runs are filled before it pays.
  private static var longRun: Int64 { 4 << 20 }

  /// How much is reserved by one call: an extent of ext4 is no longer. Reserving 4 GiB at
  /// once was seen to take 1.2 s while the file system wrote other data out.
  private static var reservation: Int64 { 128 << 20 }

  /// Reserves blocks of the run of data that `position` is in. The size stays that of
  /// what was copied.
  mutating func reserve() throws(SystemError) {
    let isLong = segmentEnd - position > Self.longRun
    guard isLong || segmentEnd < statedSize, position >= allocatedEnd, !isStream,
      !looksForZeros  // what is zero is to stay without blocks
    else { return }
    if case .unknown = reserving { reserving = askForReserving() }
    switch reserving {
    case .longRuns where isLong, .longRunsAndThoseBeforeHoles: break
    default: return
    }
    let end = min(segmentEnd, position + Self.reservation)
    do throws(SystemError) {
      try mover.destination.allocate(position..<end)
      allocatedEnd = end
    } catch {
      // Full is full, and better said before a long write than after it.
      if error.errno == .noSpace || error.errno == .diskQuotaExceeded { throw error }
      reserving = .none
    }
  }

  private func askForReserving() -> Reserving {
    switch try? mover.destination.fileSystemType() {
    case .ext4: .longRuns
    case .xfs: .longRunsAndThoseBeforeHoles
    default: .none
    }
  }
}
