import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import Reflink

/// The line that clones of large files, and whatever else needs their locks, stand in.
@Suite struct CloneLineTests {
  private func file(_ number: UInt64) -> FileStatus.Identity {
    FileStatus.Identity(
      device: DeviceID(rawValue: 1), inode: Inode(rawValue: CInterop.Inode(number)))
  }

  @Test func clonesOfOneFileFollowEachOther() {
    let line = CloneLine(atMost: 8)
    var places = (0..<4).map { _ in line.enter([file(1)], for: .clone) }
    for left in [4, 3, 2, 1] {
      #expect(places.map(\.isGranted) == [true] + Array(repeating: false, count: left - 1))
      places.removeFirst()
    }
    #expect(line.enter([file(1)], for: .clone).isGranted)
  }

  @Test func onlySoManyClonesRunAtATime() {
    let line = CloneLine(atMost: 2)
    var places = (0..<5).map { line.enter([file($0)], for: .clone) }
    #expect(places.map(\.isGranted) == [true, true, false, false, false])
    places.remove(at: 1)
    #expect(places.map(\.isGranted) == [true, true, false, false])
    // One that waits may leave.
    places.remove(at: 2)
    places.remove(at: 0)
    #expect(places.map(\.isGranted) == [true, true])
  }

  @Test func aStepWaitsForTheCloneThatRunsAndForNoOther() {
    let line = CloneLine(atMost: 2)
    var clones = (0..<3).map { _ in line.enter([file(1)], for: .clone) }
    var step: ClonePlace? = line.enter([file(1)], for: .step)
    let second = line.enter([file(2), file(1)], for: .step)
    #expect(step?.isGranted == false)
    #expect(line.enter([file(2)], for: .step).isGranted)
    clones.removeFirst()
    // Steps share the file, and the clones wait for them.
    #expect(step?.isGranted == true && second.isGranted)
    #expect(clones.map(\.isGranted) == [false, false])
    step = nil
    #expect(clones.map(\.isGranted) == [false, false])
    withExtendedLifetime(second) {}
  }

  @Test func whatAddsAFileHasIt() {
    let line = CloneLine(atMost: 2)
    let clone = line.enter([file(1)], for: .clone)
    #expect(!line.isCloning(file(2)))
    clone.add(file(2))
    #expect(line.isCloning(file(2)) && line.isCloning(file(1)))
    #expect(!line.enter([file(2)], for: .step).isGranted)
  }

  @Test func whoeverWaitsIsCalledOnce() {
    let line = CloneLine(atMost: 1)
    let calls = Atomic(0)
    let count: @Sendable () -> Void = { calls.add(1, ordering: .relaxed) }
    var first: ClonePlace? = line.enter([file(1)], for: .clone)
    let second = line.enter([file(1)], for: .clone)
    let third = line.enter([file(1)], for: .clone)
    let activity = Activity(nil)
    second.whenGranted(activity, resume: count)
    third.whenGranted(activity, resume: count)
    #expect(calls.load(ordering: .relaxed) == 0)
    first = nil
    #expect(first == nil && second.isGranted)
    #expect(calls.load(ordering: .relaxed) == 1)
    // The cancellation ends the other's waiting, and not again what has ended.
    activity.cancel()
    activity.cancel()
    #expect(calls.load(ordering: .relaxed) == 2)
    third.whenGranted(activity, resume: count)
    #expect(calls.load(ordering: .relaxed) == 3)
  }
}
