import SystemPackage
import Testing

@testable import Reflink

/// What an errno of a clone or an offload means, as a table.
struct VerdictTests {
  @Test(arguments: [
    (SystemCall.clone, Errno.ioError, Verdict.terminal),
    (.clone, .noSpace, .terminal),
    (.clone, .diskQuotaExceeded, .terminal),
    (.clone, .noMemory, .terminal),
    (.clone, .readOnlyFileSystem, .terminal),
    (.clone, .fileTooLarge, .terminal),
    (.clone, .canceled, .terminal),
    (.clone, .resourceTemporarilyUnavailable, .transient),
    (.clone, .interrupted, .transient),
    (.clone, .invalidArgument, .diagnose),
    (.clone, .improperLink, .nextRung(.otherFileSystem)),
    (.clone, .notSupported, .nextRung(.notSupported)),
    (.clone, .inappropriateIOCTLForDevice, .nextRung(.notSupported)),
    (.clone, .noFunction, .nextRung(.notSupported)),
    (.clone, .textFileBusy, .nextRung(.swapFile)),
    (.clone, .notPermitted, .nextRung(.denied)),
    (.clone, .permissionDenied, .nextRung(.denied)),
    (.clone, .noSuchFileOrDirectory, .nextRung(.other(.noSuchFileOrDirectory))),
    (.copyRange, .invalidArgument, .nextRung(.invalid)),
    (.copyRange, .improperLink, .nextRung(.otherFileSystem)),
    (.copyRange, .textFileBusy, .nextRung(.swapFile)),
    (.copyRange, .notPermitted, .nextRung(.denied)),
    (.copyRange, .fileTooLarge, .nextRung(.other(.fileTooLarge))),
    (.copyRange, .noSpace, .terminal),
    (.copyRange, .ioError, .terminal),
  ])
  func sortsErrors(_ call: SystemCall, _ errno: Errno, _ expected: Verdict) {
    #expect(verdict(on: SystemError(call: call, errno: errno)) == expected)
  }

  @Test func patienceEnds() {
    var patience = Patience()
    var total = Duration.zero
    var tries = 0
    while let wait = patience.next() {
      total += wait.atMost
      tries += 1
    }
    #expect(tries == 8)
    #expect(total == .milliseconds(255))
  }
}
