import SystemPackage

/// The first method in slices: one FICLONERANGE after the other, for whoever cannot have
/// the source's writers wait for one long FICLONE. Not of one point in time.
extension FileTransfer {
  /// What every slice's length is a multiple of. OCFS2 may have larger clusters, which come
  /// whole, as they are in the source at the same place.
  static var sliceUnit: Int64 { 64 << 10 }

  /// One slice of up to `size` bytes.
  mutating func cloneSlice(_ size: StepSize) throws(SystemError) -> Step {
    var size = size
    let start = position
    let wanted = min(start.saturatingAdd(size.bytes), statedSize)
    do throws(SystemError) {
      _ = try mover.clone(start..<wanted, to: start, adapting: &size)
      writtenEnd = wanted
    } catch {
      // The last slice ends inside a block, which only the end of both files allows.
      guard error.errno == .invalidArgument, try mover.source.status().size != statedSize else {
        return try cloneFailed(error)
      }
      do throws(SystemError) {
        try cloneSliceOfChangedSource(start, wanted, &size)
      } catch {
        return try cloneFailed(error)
      }
    }
    method = .cloneSlices(size)
    position = min(writtenEnd, wanted)
    mover.outcome.cloned = position
    if case .slices(let count) = mover.outcome.execution {
      mover.outcome.execution = .slices(count.saturatingAdd(1))
    } else {
      mover.outcome.execution = .slices(1)
    }
    // Shorter than wanted: the source has shrunk, and ends here.
    if position == statedSize || position < wanted { try finish() }
    return .advanced(position - start)
  }

  /// The source has grown (then whole blocks are cloned, and cut off in the end) or
  /// shrunk (then it is cloned to where it ends now).
  private mutating func cloneSliceOfChangedSource(
    _ start: Int64, _ wanted: Int64, _ size: inout StepSize
  ) throws(SystemError) {
    let end = min(wanted.roundedUp(to: Self.sliceUnit), try mover.source.status().size)
    if end > start { _ = try mover.clone(start..<end, to: start, adapting: &size) }
    writtenEnd = max(end, start)
  }
}
