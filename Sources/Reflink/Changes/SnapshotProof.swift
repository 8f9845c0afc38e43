/// What an earlier clone of a file proves about the file as it is now: where both have their data at
/// one place, that was not written since.
// One operation has it, and one thread at a time the operation.
@safe final class SnapshotProof: @unchecked Sendable {
  /// The clone, which keeps its blocks from being given to anything else as long as it is there.
  private let snapshot: Descriptor
  private let status: FileStatus
  /// A clone of the file as it is now, or the file itself.
  private let now: Descriptor
  private let later: FileStatus
  private var comparison: PlaceComparison

  /// - Parameters:
  ///   - snapshot: The earlier clone.
  ///   - now: A clone of the file that nobody writes to, or the file itself.
  /// - Returns: Nil where their places cannot be compared.
  init?(_ snapshot: consuming Descriptor, now: borrowing Descriptor) {
    guard now.hasComparablePlaces(with: snapshot), let status = try? snapshot.status(),
      status.type == .regular, let later = try? now.status(),
      let unit = try? now.sharingUnit(), let now = try? Descriptor(duplicating: now.number)
    else { return nil }
    self.snapshot = snapshot
    self.status = status
    self.now = now
    self.later = later
    comparison = PlaceComparison(before: status.size, now: later.size, unit: unit.bytes)
  }

  /// The verdict on what begins at `offset`, which never decreases; see `PlaceComparison.run`.
  func run(
    at offset: Int64
  ) throws(SystemError) -> (verdict: PlaceComparison.Verdict, end: Int64) {
    try comparison.run(at: offset, before: snapshot, now: now)
  }

  /// The size of the file as it is now, in bytes.
  var size: Int64 { later.size }

  /// Whether nothing was done to either file meanwhile. To be asked in the end: only then all that was
  /// called equal is.
  var holds: Bool {
    guard let was = try? snapshot.status(), let held = try? now.status() else { return false }
    return was.isAsWritten(status) && held.isAsWritten(later)
  }
}

extension FileStatus {
  /// Whether nothing was written since `earlier`, as far as size and times tell.
  func isAsWritten(_ earlier: FileStatus) -> Bool {
    size == earlier.size && modified == earlier.modified && changed == earlier.changed
  }
}
