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
    (.clone, .resourceTemporarilyUnavailable, .transient),
    (.clone, .interrupted, .transient),
    (.clone, .invalidArgument, .diagnose),
    (.clone, .improperLink, .fallBack(.otherFileSystem)),
    (.clone, .notSupported, .fallBack(.notSupported)),
    (.clone, .inappropriateIOCTLForDevice, .fallBack(.notSupported)),
    (.clone, .noFunction, .fallBack(.notSupported)),
    (.clone, .textFileBusy, .fallBack(.swapFile)),
    (.clone, .notPermitted, .fallBack(.denied)),
    (.clone, .permissionDenied, .fallBack(.denied)),
    (.clone, .noSuchFileOrDirectory, .fallBack(.other(.noSuchFileOrDirectory))),
    (.copyRange, .invalidArgument, .fallBack(.invalid)),
    (.copyRange, .improperLink, .fallBack(.otherFileSystem)),
    (.copyRange, .textFileBusy, .fallBack(.swapFile)),
    (.copyRange, .notPermitted, .fallBack(.denied)),
    (.copyRange, .fileTooLarge, .fallBack(.other(.fileTooLarge))),
    (.copyRange, .noSpace, .terminal),
    (.copyRange, .ioError, .terminal),
  ])
  func sortsErrors(_ call: SystemCall, _ errno: Errno, _ expected: Verdict) {
    #expect(verdict(on: SystemError(call: call, errno: errno)) == expected)
  }

  @Test func backoffEnds() {
    var backoff = Backoff()
    var total = Duration.zero
    var tries = 0
    while let wait = backoff.next() {
      total += wait.atMost
      tries += 1
    }
    #expect(tries == 8)
    #expect(total == .milliseconds(255))
  }
}
