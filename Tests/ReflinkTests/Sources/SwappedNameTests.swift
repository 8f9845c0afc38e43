import Foundation
import Reflink
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// What a copy has made is known by its descriptor, whatever has its name later.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct SwappedNameTests {
  /// The first name of a file is taken over by another file before the second is made.
  @Test(arguments: [false, true])
  func laterNamesAreNotLinkedToWhatTookTheFirst(_ isAsync: Bool) async throws {
    try await withDirectory(on: .xfs) { directory in
      for round in 0..<10 {
        try await shell(
          "rm -rf s t; mkdir -p s/d; echo data > s/a; ln s/a s/d/b; ln s/a s/z; echo other > swapped",
          in: directory.path)
        let firstName = Mutex<FilePath?>(nil)
        let listener: EntryListener = { outcome, _, path in
          guard case .file = outcome else { return }
          let isFirst = firstName.withLock { name in
            defer { name = name ?? path }
            return name == nil
          }
          if isFirst { rename(directory["swapped"], path.string) }
        }
        let task =
          isAsync
          ? Task.detached {
            try await copyTree(directory.file("s"), to: directory.file("t"), onEntry: listener)
          }
          : onThread {
            try syncCopyTree(directory.file("s"), directory.file("t"), listener: listener)
          }
        // An error is right, too.
        _ = await task.result
        let first = try #require(firstName.withLock { $0 })
        for name in ["t/a", "t/d/b", "t/z"]
        where directory.file(name) != first && directory.exists(name) {
          #expect(try directory.read(name) == Array("data\n".utf8), "\(name), round \(round)")
        }
      }
    }
  }

  /// The same as soon as the first name is there, many times.
  @Test func laterNamesAreNotLinkedToWhatTookItAtOnce() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell("mkdir -p s; echo data > s/a; ln s/a s/b", in: directory.path)
      var wrong: [Int] = []
      for round in 0..<300 {
        try directory.write("swapped", Array("other\n".utf8))
        let isFinished = Flag()
        let swapping = onThread {
          while !isFinished.isSet {
            for name in ["t/a", "t/b"] where directory.exists(name) {
              rename(directory["swapped"], directory[name])
              return name
            }
          }
          return ""
        }
        // An error is right, too.
        _ = failure { try syncCopyTree(directory.file("s"), directory.file("t")) }
        isFinished.set()
        let first = try await swapping.value
        for name in ["t/a", "t/b"] where name != first && directory.exists(name) {
          if try directory.read(name) != Array("data\n".utf8) { wrong.append(round) }
        }
        for name in ["t/a", "t/b", "t", "swapped"] { remove(directory[name]) }
      }
      #expect(wrong == [], "rounds")
    }
  }
}
