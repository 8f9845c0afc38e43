import SystemPackage

/// The first method: one FICLONE of the whole file, a point-in-time copy.
extension FileTransfer {
  /// A FICLONE costs 8 to 35 µs an extent. Past `CloneLine.shortSize` and this number
  /// of extents it runs where it can be watched and ended.
  static var longExtents: UInt32 { 1024 }

  /// How often a clone in its helper is looked at.
  private static var watchInterval: Duration { .milliseconds(20) }

  mutating func clone() throws(SystemError) -> Step {
    if isLong() {
      // Refused at once or not at all: whoever watches learns it before a clone that takes long.
      do throws(SystemError) {
        try requireSharing()
      } catch {
        return try cloneFailed(error)
      }
      do throws(SystemError) {
        let helper = try startHelper()
        mover.outcome.execution = .helper
        if let made = try? mover.destination.status().identity { place?.add(made) }
        method = .watchClone(helper)
        return .waiting(Wait(descriptor: helper.ended, atMost: Self.watchInterval))
      } catch {
        mover.outcome.execution = .helperRefused(error.errno)
      }
    }
    return try cloneInline()
  }

  private mutating func cloneInline() throws(SystemError) -> Step {
    do throws(SystemError) {
      if let basis {
        try mover.destination.clone(from: basis.earlier)
      } else {
        try mover.destination.clone(from: mover.source)
      }
    } catch {
      return try cloneFailed(error)
    }
    return try cloned(statedSize)
  }

  /// Looks at the clone in its helper: ended, or how far it is.
  mutating func watchClone(_ helper: CloneHelper) throws(SystemError) -> Step {
    guard helper.hasEnded else {
      // The destination grows while FICLONE runs, and looking at it never waits.
      if let size = try? mover.destination.status().size { writtenEnd = min(size, clonedSize) }
      return .waiting(Wait(descriptor: helper.ended, atMost: Self.watchInterval))
    }
    method = .clone
    do throws(SystemError) {
      try helper.finish()
    } catch {
      guard error.errno == .canceled else { return try cloneFailed(error) }
      // Nobody here ended it: it was killed from outside, or never ran. What it left is a
      // prefix; a clone goes into an empty file.
      mover.outcome.execution = .helperRefused(error.errno)
      writtenEnd = 0
      try mover.destination.truncate(to: 0)
      return try cloneInline()
    }
    // It waited for its turn at the source, which may have grown meanwhile.
    let size: Int64
    do throws(SystemError) {
      size = try mover.destination.status().size
    } catch {
      throw SystemError(call: .write, errno: error.errno)
    }
    return try cloned(size)
  }

  private mutating func cloned(_ size: Int64) throws(SystemError) -> Step {
    if let basis {
      try beginUpdate(basis)
      return .advanced(0)
    }
    mover.outcome.clone = .worked
    mover.outcome.cloned = size
    position = size
    writtenEnd = size
    method = .finished
    return .advanced(size)
  }

  /// A source whose extents one bounded look does not show to the end.
  private func isLong() -> Bool {
    guard clonedSize > CloneLine.shortSize else { return false }
    // A file system without FIEMAP shares on a server or not at all: nothing to cut short here.
    if let basis {
      return (try? basis.earlier.hasMoreExtents(than: Self.longExtents)) ?? false
    }
    return (try? mover.source.hasMoreExtents(than: Self.longExtents)) ?? false
  }

  /// Of what is cloned: the source, or an earlier copy.
  private var clonedSize: Int64 { basis?.size ?? statedSize }

  private func requireSharing() throws(SystemError) {
    if let basis { return try mover.destination.requireSharing(with: basis.earlier) }
    try mover.destination.requireSharing(with: mover.source)
  }

  private func startHelper() throws(SystemError) -> CloneHelper {
    if let basis { return try CloneHelper(cloning: basis.earlier, into: mover.destination) }
    return try CloneHelper(cloning: mover.source, into: mover.destination)
  }

  private var flagDifference: CopyOutcome.NoCopyOnWriteChange? {
    if let basis { return mover.destination.noCopyOnWriteDifference(to: basis.earlier) }
    return mover.destination.noCopyOnWriteDifference(to: mover.source)
  }

  /// What a refused clone, whole or of a slice, leads to.
  mutating func cloneFailed(_ error: SystemError) throws(SystemError) -> Step {
    let cause: FallbackCause
    switch try mover.afterRefusal(error, remaining: statedSize - position) {
    case .again(let wait):
      // It may have begun, and has left a part.
      if error.errno == .noSpace { try mover.destination.truncate(to: position) }
      return .waiting(wait)
    case .next(let refusal):
      cause = refusal
      if refusal == .other(.noSpace) { try mover.destination.truncate(to: position) }
    case .diagnose:
      if clonedSize > fileSizeLimit() {
        // The kernel says EINVAL for a clone past RLIMIT_FSIZE; a write would say this.
        throw SystemError(call: .clone, errno: .fileTooLarge)
      }
      if mover.outcome.noCopyOnWrite == nil,
        let change = flagDifference
      {
        if mover.destination.adopt(change) {
          mover.outcome.noCopyOnWrite = change
          return .advanced(0)
        }
        cause = .noCopyOnWriteMismatch
      } else {
        cause = .invalid
      }
    }
    if basis != nil {
      // The source itself may do.
      try beginWithoutBasis()
      return .advanced(0)
    }
    try mover.cloneRefused(cause, error)
    method = methodAfterClone()
    return .advanced(0)
  }
}
