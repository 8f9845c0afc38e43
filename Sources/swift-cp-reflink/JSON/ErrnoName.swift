import CCommand
import Reflink
import SystemPackage

extension Errno {
  /// Its name in errno(3), as "EXDEV"; the number where the C library knows none.
  var name: String {
    guard let name = unsafe ccommand_errno_name(rawValue) else { return String(rawValue) }
    return unsafe String(cString: name)
  }
}

extension FallbackCause {
  /// A word for programs.
  var word: String {
    switch self {
    case .otherFileSystem: "otherFileSystem"
    case .notSupported: "notSupported"
    case .noCopyOnWriteMismatch: "noCopyOnWriteMismatch"
    case .invalid: "invalid"
    case .swapFile: "swapFile"
    case .denied: "denied"
    case .busy: "busy"
    case .misaligned: "misaligned"
    case .notRegular: "notRegular"
    case .notSubvolume: "notSubvolume"
    case .renamesReplace: "renamesReplace"
    case .other: "other"
    @unknown default: "other"
    }
  }

  /// What the system call answers in this case.
  var errno: Errno? {
    switch self {
    case .otherFileSystem: .improperLink
    case .notSupported: .notSupportedOnSocket
    case .noCopyOnWriteMismatch, .invalid, .misaligned, .renamesReplace: .invalidArgument
    case .swapFile: .textFileBusy
    case .denied: .notPermitted
    case .busy: .resourceTemporarilyUnavailable
    case .notRegular, .notSubvolume: nil
    case .other(let errno): errno
    @unknown default: nil
    }
  }
}
