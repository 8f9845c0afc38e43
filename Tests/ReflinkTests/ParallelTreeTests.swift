import Foundation
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import Reflink

/// Trees by several workers: the same tree as by one.
@Suite(.onFileSystems, .serialized, .timeLimit(.minutes(8))) struct ParallelTreeTests {
  /// Files of all sizes with names all over the tree, some of them the same files.
  private func makeTree(_ directory: TestDirectory) async throws {
    try await shell(
      """
      for d in $(seq 12); do
        mkdir -p s/$d/sub; for f in $(seq 150); do echo $d $f > s/$d/$f; done
        for f in 1 2 3; do ln s/1/$f s/$d/sub/hard$f; done
        head -c 5000000 /dev/urandom > s/$d/large; ln s/$d/large s/$d/sub/large
        ln -s ../large s/$d/sub/link; chmod 555 s/$d/sub; touch -d 2001-02-03 s/$d
      done
      """, in: directory.path)
  }

  private func describe(_ directory: TestDirectory, _ tree: String) async throws -> String {
    try await shell(
      """
      cd \(tree); find . -printf '%P %y %m %n %s %T@ %l\\n' | sed 's/ d \\(.*\\) [0-9]* \\([0-9.]*\\)/ d \\1 \\2/' | sort
      find . -type f | sort | xargs sha1sum | sha1sum
      find . -type f -printf '%i %P\\n' | sort | awk '{a[$1]=a[$1]" "$2} END {for (i in a) print a[i]}' | sort
      """, in: directory.path)
  }

  @Test(arguments: TestFileSystem.main)
  func isWhatOneWorkerMakes(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try await makeTree(directory)
      let expected = try await describe(directory, "s")
      for workers in [1, 2, 4, 8] {
        let outcome = try copyTree(directory, workers: .own(workers))
        #expect(try await describe(directory, "t") == expected)
        #expect(outcome.files == 12 * 151)
        #expect(outcome.hardLinks == 12 * 3 + 12)
        #expect(outcome.directories == 25)
        #expect(outcome.symbolicLinks == 12)
        try await shell("chmod -R u+w t; rm -rf t", in: directory.path)
      }
    }
  }

  private func copyTree(
    _ directory: TestDirectory, workers: TreeCopier.Workers, controller: CopyController? = nil,
    listener: EntryListener? = nil
  ) throws(ReflinkError) -> TreeOutcome {
    var copier = TreeCopier(
      options: CopyOptions(), decide: ExistingRule.fail.decide, onFailure: .stop,
      controller: controller,
      listener: listener, workers: workers)
    try copier.copy(OperandPath(directory.file("s")), to: OperandPath(directory.file("t")), in: nil)
    return copier.outcome
  }

  @Test func aDirectoryIsToldBeforeWhatIsInIt() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await makeTree(directory)
      let told = Mutex<[(EntryOutcome, FilePath)]>([])
      _ = try copyTree(directory, workers: .own(4)) { outcome, _, path in
        told.withLock { $0.append((outcome, path)) }
      }
      var directories: Set<FilePath> = [directory.file("t")]
      for (outcome, path) in told.withLock({ $0 }) {
        if case .directory = outcome { directories.insert(path) }
        #expect(path == directory.file("t") || directories.contains(path.removingLastComponent()))
      }
      #expect(told.withLock { $0.count } == 1897)
    }
  }

  @Test func cancellingEndsAllWorkers() async throws {
    try await withDirectory(on: .ext4) { directory in
      try await makeTree(directory)
      for limit in [1, 50, 700] {
        let controller = CopyController()
        let count = Atomic<Int>(0)
        let error = #expect(throws: ReflinkError.self) {
          _ = try copyTree(directory, workers: .own(4), controller: controller) { _, _, _ in
            if count.add(1, ordering: .relaxed).newValue == limit { controller.cancel() }
          }
        }
        #expect(error?.code == .cancelled)
        // A worker may finish what it has in hand.
        let told = count.load(ordering: .relaxed)
        #expect(told < limit + 10)
        try await shell("chmod -R u+w t; rm -rf t", in: directory.path)
      }
    }
  }

  @Test(arguments: [1, 2])
  func aTreeIsDeeperThanDescriptorsReach(_ workers: Int) async throws {
    try await withDirectory(on: .xfs) { directory in
      // 800 levels, with some entries beside the way on every hundredth.
      try await shell(
        """
        cd "$PWD"; mkdir s; cd s; for i in $(seq 800); do
          [ $((i % 100)) != 0 ] || { touch f{1..200}; mkdir d{1..200}; }
          mkdir n; cd -P n
        done; echo bottom > file
        """, in: directory.path)
      let result = try await directory.cp(
        ["-a", "--jobs=\(workers)", "s", "t"], before: "ulimit -n 64")
      #expect(result.status == 0, "\(result.errors)")
      #expect(result.errors == "")
      let count = "find . -mindepth 1 | wc -l"
      #expect(
        try await shell("cd t; \(count)", in: directory.path)
          == (try await shell("cd s; \(count)", in: directory.path)))
      #expect(try await shell("diff -r s t 2>&1 | head -3", in: directory.path) == "")
    }
  }

  @Test func aDirectoryThatIsMovedMeanwhileIsTold() async throws {
    // More levels than are open at a time; those above are found again where they were.
    try await withDirectory(on: .xfs) { directory in
      let depth = 150
      try await shell(
        "mkdir elsewhere s; cd s; for i in $(seq \(depth)); do mkdir n; echo x > f; cd n; done",
        in: directory.path)
      func level(_ depth: Int) -> String {
        directory.path + "/s" + String(repeating: "/n", count: depth)
      }
      let deepest = level(depth)
      let moved = level(50)
      let elsewhere = directory["elsewhere/n"]
      let wasMoved = Atomic<Bool>(false)
      let error = #expect(throws: ReflinkError.self) {
        _ = try copyTree(directory, workers: .caller) { _, source, _ in
          if source.string == deepest, rename(moved, elsewhere) == 0 {
            wasMoved.store(true, ordering: .relaxed)
          }
        }
      }
      let happened = wasMoved.load(ordering: .relaxed)
      #expect(happened)
      #expect(error?.operation == .readDirectory)
      #expect(directory.exists("t" + String(repeating: "/n", count: depth)))
    }
  }
}
