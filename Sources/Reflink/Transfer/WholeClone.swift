import SystemPackage

/// The first method: one FICLONE of the whole file, a point-in-time copy.
extension FileTransfer {
  /// A FICLONE costs 8 to 35 µs an extent. Past this size and this number of
  /// extents it runs where it can be watched and ended.
  private static var longSize: Int64 { 16 << 20 }
  private static var longExtents: UInt32 { 1024 }

  /// How often a clone in its helper is looked at.
  private static var watchInterval: Duration { .milliseconds(20) }

  mutating func clone() throws(SystemError) -> Step {
    if isLong() {
      do throws(SystemError) {
        let helper = try CloneHelper(cloning: source, into: destination)
        outcome.execution = .helper
        method = .watchClone(helper)
        return .waiting(Wait(descriptor: helper.ended, atMost: Self.watchInterval))
      } catch {
        outcome.execution = .helperRefused(error.errno)
      }
    }
    do throws(SystemError) {
      try destination.clone(from: source)
    } catch {
      return try cloneFailed(error)
    }
    return cloned(statedSize)
  }

  /// Looks at the clone in its helper: ended, or how far it is.
  mutating func watchClone(_ helper: CloneHelper) throws(SystemError) -> Step {
    guard helper.hasEnded else {
      // The destination grows while FICLONE runs, and looking at it never waits.
      writtenEnd = min(try destination.status().size, statedSize)
      return .waiting(Wait(descriptor: helper.ended, atMost: Self.watchInterval))
    }
    method = .clone
    do throws(SystemError) {
      try helper.finish()
    } catch {
      return try cloneFailed(error)
    }
    // It waited for its turn at the source, which may have grown meanwhile.
    return cloned(try destination.status().size)
  }

  private mutating func cloned(_ size: Int64) -> Step {
    outcome.clone = .worked
    outcome.cloned = size
    position = size
    writtenEnd = size
    method = .finished
    return .advanced(size)
  }

  /// A source whose extents one bounded look does not show to the end.
  private func isLong() -> Bool {
    guard statedSize > Self.longSize else { return false }
    // A file system without FIEMAP shares on a server or not at all: nothing to cut short here.
    return (try? source.hasMoreExtents(than: Self.longExtents)) ?? false
  }

  /// What a refused clone, whole or of a slice, leads to.
  mutating func cloneFailed(_ error: SystemError) throws(SystemError) -> Step {
    let cause: FallbackCause
    switch verdict(on: error) {
    case .terminal:
      throw error
    case .transient:
      if let wait = patience.next() { return .waiting(wait) }
      cause = .busy
    case .fallBack(let refusal):
      cause = refusal
    case .diagnose:
      if statedSize > fileSizeLimit() {
        // The kernel says EINVAL for a clone past RLIMIT_FSIZE; a write would say this.
        throw SystemError(call: .clone, errno: .fileTooLarge)
      }
      if outcome.noCopyOnWrite == nil,
        let change = destination.noCopyOnWriteDifference(to: source)
      {
        if destination.adopt(change) {
          outcome.noCopyOnWrite = change
          return .advanced(0)
        }
        cause = .noCopyOnWriteMismatch
      } else {
        cause = .invalid
      }
    }
    if outcome.clone != .worked { outcome.clone = .refused(cause) }
    if cloning == .required { throw error }
    method = methodAfterClone()
    return .advanced(0)
  }
}
