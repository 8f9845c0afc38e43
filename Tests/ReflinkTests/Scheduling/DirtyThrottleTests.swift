import Testing

@testable import Reflink

/// Waiting where the kernel slows writers down. The machine's own limits are left as they are: what is
/// not on storage yet is given as numbers.
@Suite struct DirtyThrottleTests {
  /// The ceiling is 3 GiB.
  private func pages(_ dirty: Int64) -> DirtyPages {
    DirtyPages(dirty: dirty, background: 2 << 30, limit: 4 << 30)
  }

  @Test func theKernelTellsWhereItSlowsWritersDown() throws {
    let pages = try #require(DirtyPages.now)
    #expect(pages.dirty >= 0)
    #expect(pages.background > 0 && pages.background < pages.limit)
    #expect(pages.ceiling > pages.background && pages.ceiling < pages.limit)
  }

  @Test func nobodyWaitsWhileThereIsRoom() {
    var throttle = DirtyThrottle()
    #expect(throttle.look(at: pages(1 << 30)) == nil)
    #expect(!throttle.isSlow)
    #expect(throttle.largestStep == .max)
    #expect(throttle.look(at: nil) == nil)
    #expect(!throttle.isSlow)
  }

  @Test func aSmallFileNeverWaits() {
    var throttle = DirtyThrottle()
    throttle.note(128 << 10, taken: nil)
    #expect(throttle.pause() == nil)
  }

  @Test func nearTheCeilingStepsAreSmallAndWaitedFor() {
    var throttle = DirtyThrottle()
    let near = pages(3 << 30)
    for _ in 0..<10 {
      #expect(throttle.look(at: near) == Wait(atMost: .milliseconds(10)))
      #expect(throttle.look(at: near) == nil)
      #expect(throttle.largestStep <= 64 << 10)
      // The kernel made it sleep in spite of that.
      throttle.note(throttle.largestStep, taken: .milliseconds(20))
    }
    #expect(throttle.largestStep == 16 << 10)
    // Others have been written out: as fast as ever.
    #expect(throttle.look(at: pages(2 << 30)) == nil)
    #expect(throttle.largestStep == .max)
  }

  @Test func aDiskThatIsNotSlowedDownSoonGoesOnWithoutWaiting() {
    var throttle = DirtyThrottle()
    var waits = 0
    for _ in 0..<20 {
      if throttle.look(at: pages(3 << 30)) != nil {
        waits += 1
        #expect(throttle.look(at: pages(3 << 30)) == nil)
      }
      throttle.note(throttle.largestStep, taken: .milliseconds(1))
    }
    #expect(waits == 6)
    #expect(throttle.largestStep == 4 << 20)
  }

  @Test func aboveTheLimitTheKernelHasTheLastWordInTheEnd() {
    var throttle = DirtyThrottle()
    var waited = Duration.zero
    while let wait = throttle.look(at: pages(4 << 30)) { waited += wait.atMost }
    #expect(waited == .milliseconds(1010))
    #expect(throttle.largestStep == 64 << 10)
  }
}
