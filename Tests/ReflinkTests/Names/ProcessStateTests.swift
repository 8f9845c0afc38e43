import Foundation
import Reflink
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// Another thread changes what belongs to the whole process while a tree is copied.
@Suite(.onFileSystems, .timeLimit(.minutes(20)), .serialized) struct ProcessStateTests {
  @Test(arguments: [false, true])
  func theUmaskMatters(_ isAsync: Bool) async throws {
    try await withDirectory(on: .tmpfs) { directory in
      try await shell(
        "mkdir -p s/{1..50}; for d in s/*; do touch $d/{1..100}; done; chmod -R a+rX s",
        in: directory.path)
      await #expect(processExitsWith: .success) {
        [directory = directory as TestDirectory, isAsync = isAsync as Bool] in
        limitThisProcess(seconds: 60)
        let isFinished = Flag()
        let flipping = onThread {
          while !isFinished.isSet {
            umask(0o077)
            umask(0o022)
          }
        }
        for round in 0..<3 {
          let copied = "t\(round)"
          if isAsync {
            _ = try await copyTree(directory.file("s"), to: directory.file(copied))
          } else {
            try syncCopyTree(directory.file("s"), directory.file(copied))
          }
        }
        isFinished.set()
        try await flipping.value
        let wrong = try await shell(
          "find t? -type f ! -perm 644 | wc -l; find t? -type d ! -perm 755 | wc -l",
          in: directory.path)
        #expect(wrong == "0\n0\n")
      }
    }
  }

  /// Paths are those of the directory in which the call was made.
  @Test(arguments: [CopyOptions.Publication.inPlace, .unnamed, .temporary], [false, true])
  func theWorkingDirectoryDoesNotMatter(_ publication: CopyOptions.Publication, _ isAsync: Bool)
    async throws
  {
    let isInPlace = publication == .inPlace
    let isUnnamed = publication == .unnamed
    try await withDirectory(on: .xfs) { directory in
      try await shell(
        """
        mkdir -p s/{1..20} elsewhere; for d in s/*; do
          for f in {1..50}; do echo $f > $d/f$f; ln $d/f$f $d/g$f; done; ln -s f1 $d/link; done
        """, in: directory.path)
      await #expect(processExitsWith: .success) {
        [
          directory = directory as TestDirectory, isInPlace = isInPlace as Bool,
          isUnnamed = isUnnamed as Bool, isAsync = isAsync as Bool
        ] in
        limitThisProcess(seconds: 60)
        chdir(directory.path)
        let options = CopyOptions(
          publication: isInPlace ? .inPlace : isUnnamed ? .unnamed : .temporary)
        let count = Atomic<Int>(0)
        let listener: EntryListener = { _, _, _ in
          if count.add(1, ordering: .relaxed).newValue == 300 { chdir(directory["elsewhere"]) }
        }
        do throws(ReflinkError) {
          let outcome =
            isAsync
            ? try await copyTree("s", to: "t", options: options, onEntry: listener)
            : try syncCopyTree("s", "t", options, listener: listener)
          #expect(outcome.files == 1000)
          #expect(outcome.hardLinks == 1000)
        } catch {
          Issue.record("\(error), \(String(describing: error.leftover))")
        }
        chdir("/")
      }
      #expect(try directory.names() == ["elsewhere", "s", "t"])
      #expect(
        try await shell("ls -A elsewhere; diff -r s t 2>&1 || true", in: directory.path) == "")
      guard directory.exists("t") else { return }
      let unlinked = try await shell("find t -type f ! -links 2", in: directory.path)
      #expect(unlinked == "")
    }
  }

  @Test(arguments: [CopyOptions.Publication.inPlace, .temporary])
  func theWorkingDirectoryDoesNotMatterForAFile(_ publication: CopyOptions.Publication) async throws
  {
    let isInPlace = publication == .inPlace
    try await withDirectory(on: .xfs) { directory in
      try await shell("mkdir elsewhere; mkfifo s", in: directory.path)
      await #expect(processExitsWith: .success) {
        [directory = directory as TestDirectory, isInPlace = isInPlace as Bool] in
        limitThisProcess(seconds: 60)
        let writer = try FileDescriptor.open(directory.file("s"), .readWrite)
        chdir(directory.path)
        let options = CopyOptions(
          specialFiles: .readContents, publication: isInPlace ? .inPlace : .temporary)
        let controller = CopyController()
        let task = Task.detached {
          try await copyFile("s", to: "t", options: options, controller: controller)
        }
        try writer.writeAll([1, 2, 3])
        #expect(await becomesTrue { controller.progress.bytesDone == 3 })
        chdir(directory["elsewhere"])
        if isInPlace {
          task.cancel()
        } else {
          try writer.close()
        }
        let error = await task.failure
        #expect(error?.code == (isInPlace ? .cancelled : nil))
        chdir("/")
      }
      #expect(try directory.names() == (isInPlace ? ["elsewhere", "s"] : ["elsewhere", "s", "t"]))
      #expect(try await shell("ls -A elsewhere", in: directory.path) == "")
    }
  }
}
