import Foundation
import Reflink
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// Several files of one moment.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct GroupSnapshotTests {
  private func files(_ directory: TestDirectory, _ names: [String]) -> [FilePath] {
    names.map { directory.file($0) }
  }

  @Test(arguments: TestFileSystem.clonable)
  func areClonedWhileTheLockIsHeld(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try directory.fill("a", 1 << 20)
      try directory.fill("b", 100_000)
      try directory.write("empty", [])
      try await shell(
        "chmod 640 a; chown 12:34 a; touch -d @1000000000 a b", in: directory.path)
      let names = ["a2", "b2", "empty2"]
      var isHeld = false
      let outcomes = try Blocking.snapshot(
        files(directory, ["a", "b", "empty"]), as: files(directory, names)
      ) { clone in
        isHeld = true
        // No name is there before, and none while the lock is held.
        #expect(try directory.names() == ["a", "b", "empty"])
        // What is written until the clones are made is in them.
        try directory.write("b", Array("later".utf8))
        clone()
        try directory.write("b", Array("too late".utf8))
        #expect(try directory.names() == ["a", "b", "empty"])
      }
      #expect(isHeld)
      #expect(outcomes.count == 3)
      #expect(outcomes[0].cloned == 1 << 20)
      #expect(outcomes[1].total == 5)
      #expect(try directory.read("a2") == directory.read("a"))
      #expect(try directory.read("b2") == Array("later".utf8))
      #expect(try directory.sharedBytes("a", "a2") == directory.dataBytes("a"))
      let status = try directory.status("a2")
      #expect(status.st_mode & 0o7777 == 0o640 && status.st_uid == 12 && status.st_gid == 34)
      #expect(status.st_mtim.tv_sec == 1_000_000_000)
    }
  }

  @Test func inTurnsTheyAreTheSame() async throws {
    try await withDirectory(on: .xfs) { directory in
      try directory.makeFragmented("a", extents: 4000)
      try directory.makeFragmented("b", extents: 3000)
      try directory.fill("c", 5000)
      let gate = Gate()
      let outcomes = try await snapshot(
        files(directory, ["a", "b", "c", "a"]), as: files(directory, ["a2", "b2", "c2", "a3"])
      ) { clone in
        await gate.hold { await clone() }
      }
      #expect(await gate.count == 1)
      #expect(outcomes.map(\.method) == [.cloned, .cloned, .cloned, .cloned])
      #expect(outcomes.map(\.execution).prefix(2) == [.helper, .helper])
      for (name, copy) in [("a", "a2"), ("b", "b2"), ("c", "c2"), ("a", "a3")] {
        #expect(try directory.read(name) == directory.read(copy))
      }
      #expect(try await directory.settledDescriptors() == 0)
    }
  }

  /// Each is a snapshot of its own.
  @Test func twoNamesOfOneFileAreTwoSnapshots() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell("echo data >a; ln a b", in: directory.path)
      let sources = files(directory, ["a", "b"])
      _ = try Blocking.snapshot(sources, as: files(directory, ["c", "d"])) { $0() }
      _ = try await snapshot(sources, as: files(directory, ["e", "f"])) { await $0() }
      for name in ["c", "d", "e", "f"] {
        #expect(try directory.read(name) == Array("data\n".utf8))
        #expect(try directory.status(name).st_nlink == 1)
      }
    }
  }

  private enum Failing: CaseIterable, Sendable {
    case aSourceIsMissing, aNameIsTaken, aNameIsTakenMeanwhile, aSourceIsADirectory,
      theLockIsRefused, nothingIsCloned, anotherFileSystem, tooFewNames
  }

  /// All or none, whatever fails.
  @Test(arguments: Failing.allCases, [false, true])
  private func orNone(_ failing: Failing, _ isAsync: Bool) async throws {
    try await withDirectory(on: .xfs) { directory in
      try await withDirectory(on: .ext4) { other in
        for name in ["a", "b", "c"] { try directory.fill(name, 100_000) }
        var sources = files(directory, ["a", "b", "c"])
        var names = files(directory, ["a2", "b2", "c2"])
        var code: ReflinkError.Code? = nil
        switch failing {
        case .aSourceIsMissing:
          sources[2] = directory.file("missing")
          code = .notFound
        case .aNameIsTaken:
          names[2] = directory.file("a")
          code = .exists
        case .aNameIsTakenMeanwhile: code = .exists
        case .aSourceIsADirectory:
          sources[1] = directory.file(".")
          code = .notSupported(.notRegular)
        case .theLockIsRefused: break
        case .nothingIsCloned: code = .invalidArgument
        case .anotherFileSystem:
          names[1] = other.file("b2")
          code = .crossDevice
        case .tooFewNames:
          names.removeLast()
          code = .invalidArgument
        }
        let before = try directory.names()
        let section: @Sendable () throws -> Bool = {
          switch failing {
          case .theLockIsRefused: throw CancellationError()
          case .nothingIsCloned: return false
          case .aNameIsTakenMeanwhile: try directory.write("c2", [1])
          default: break
          }
          return true
        }
        do {
          if isAsync {
            _ = try await snapshot(sources, as: names) { clone in
              if try section() { await clone() }
            }
          } else {
            _ = try Blocking.snapshot(sources, as: names) { clone in
              if try section() { clone() }
            }
          }
          Issue.record("\(failing) fails")
        } catch {
          #expect((error as? ReflinkError)?.code == code)
          #expect((error is CancellationError) == (failing == .theLockIsRefused))
        }
        #expect(try directory.names() == before + (failing == .aNameIsTakenMeanwhile ? ["c2"] : []))
        #expect(try other.names() == [])
        let open = try await directory.settledDescriptors()
        #expect(open == 0)
      }
    }
  }

  @Test func isCancelledWithItsTask() async throws {
    try await withDirectory(on: .xfs) { directory in
      await #expect(processExitsWith: .success) { [directory = directory as TestDirectory] in
        limitThisProcess()
        let isMet = try await meetsUnderWay { factor in
          try directory.makeFragmented("a", extents: 60_000 * factor)
          unlink(directory["b"])
          let begun = Flag()
          let task = Task.detached {
            try await snapshot([directory.file("a")], as: [directory.file("b")]) { clone in
              begun.set()
              await clone()
            }
          }
          #expect(await becomesTrue { begun.isSet })
          task.cancel()
          guard let error = await task.failure else { return false }
          #expect(error.code == .cancelled)
          #expect(try directory.names() == ["a"])
          #expect(try await directory.settledDescriptors() == 0)
          return true
        }
        #expect(isMet)
      }
    }
  }
}

private actor Gate {
  private(set) var count = 0

  func hold(_ body: () async -> Void) async {
    count += 1
    await body()
  }
}
