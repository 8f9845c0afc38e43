import SystemPackage

/// What an error of a clone or an offload means for the transfer. From reading
/// and writing themselves every error is terminal.
enum Verdict: Equatable {
  /// The transfer ends: the same would happen by any other method.
  case terminal
  /// Try again, a bounded number of times.
  case transient
  /// EINVAL: several causes share it; look for the true one.
  case diagnose
  /// Not by this method; the next may do.
  case fallBack(FallbackCause)
}

/// Sorted by call and errno, as measured. The default is to go on: a kernel may
/// refuse a clone with an errno of its own (EIO from CIFS included is not among
/// them: it means damage), and the write itself has the last word.
func verdict(on error: SystemError) -> Verdict {
  switch error.errno {
  case .ioError, .noSpace, .diskQuotaExceeded, .noMemory, .readOnlyFileSystem, .staleNFSFileHandle:
    .terminal
  case .resourceTemporarilyUnavailable, .interrupted:
    .transient
  case .invalidArgument:
    error.call == .clone || error.call == .cloneRange ? .diagnose : .fallBack(.invalid)
  case .fileTooLarge:
    // Some file systems bound what they offload, not what is written.
    error.call == .copyRange ? .fallBack(.other(error.errno)) : .terminal
  case .improperLink:
    .fallBack(.otherFileSystem)
  case .notSupported, .notSupportedOnSocket, .inappropriateIOCTLForDevice, .noFunction:
    .fallBack(.notSupported)
  case .textFileBusy:
    .fallBack(.swapFile)
  case .notPermitted, .permissionDenied:
    .fallBack(.denied)
  default:
    .fallBack(.other(error.errno))
  }
}

/// Retries after EAGAIN: waits of 1, 2, 4, … 128 ms, then no more.
struct Backoff {
  private var attempts = 0

  /// How long to wait before the next try; nil when there is none left.
  mutating func next() -> Wait? {
    guard attempts < 8 else { return nil }
    defer { attempts += 1 }
    return Wait(atMost: .milliseconds(1 << attempts))
  }
}
