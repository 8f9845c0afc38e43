import Foundation
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import Reflink

/// Trees by several workers: the same tree as by one.
@Suite(.onFileSystems, .serialized, .timeLimit(.minutes(20))) struct ParallelTreeTests {
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
    _ directory: TestDirectory, workers: TreeCopier.Workers, activity: Activity? = nil,
    listener: EntryListener? = nil
  ) throws(ReflinkError) -> TreeOutcome {
    var copier = TreeCopier(
      EntryCopier(
        options: CopyOptions(), decide: ExistingRule.fail.decide(CopyOptions()), activity: activity,
        onExisting: listener),
      onFailure: .stop, workers: workers)
    try copier.copy(OwnedName(directory.file("s")), to: OwnedName(directory.file("t")), in: nil)
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
        let activity = controller.begin()
        let count = Atomic<Int>(0)
        let error = #expect(throws: ReflinkError.self) {
          _ = try copyTree(directory, workers: .own(4), activity: activity) { _, _, _ in
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

  /// A tree with more levels than are open at a time, copied by its caller alone; `move` is
  /// called at the deepest of them. Returns what was told as failed.
  private func copyDeepTree(
    _ directory: TestDirectory, _ depth: Int, _ move: @escaping @Sendable () -> Void
  ) async throws -> [ReflinkError] {
    try await shell(
      "mkdir elsewhere s; cd s; for i in $(seq \(depth)); do mkdir n; echo x > f; cd n; done",
      in: directory.path)
    let deepest = level(directory, "s", depth)
    let told = Mutex<[ReflinkError]>([])
    var copier = TreeCopier(
      EntryCopier(
        options: CopyOptions(), decide: ExistingRule.fail.decide(CopyOptions()), activity: nil,
        onExisting: { _, source, _ in if source.string == deepest { move() } }),
      onFailure: .continue(report: { error in told.withLock { $0.append(error) } }),
      workers: .caller)
    try copier.copy(OwnedName(directory.file("s")), to: OwnedName(directory.file("t")), in: nil)
    return told.withLock { $0 }
  }

  private func level(_ directory: TestDirectory, _ root: String, _ depth: Int) -> String {
    directory.path + "/" + root + String(repeating: "/n", count: depth)
  }

  @Test func aDirectoryThatIsMovedMeanwhileIsFoundAgain() async throws {
    try await withDirectory(on: .xfs) { directory in
      let moved = level(directory, "s", 50)
      let elsewhere = directory["elsewhere/n"]
      let told = try await copyDeepTree(directory, 150) { rename(moved, elsewhere) }
      // What is above it is not above what was moved any more, but still where it was.
      #expect(told.isEmpty)
      #expect(try await shell("find elsewhere -name f | wc -l", in: directory.path) == "100\n")
      #expect(try await shell("find t -name f | wc -l", in: directory.path) == "150\n")
    }
  }

  @Test func eachDirectoryThatIsLostIsTold() async throws {
    try await withDirectory(on: .xfs) { directory in
      let (outer, inner) = (level(directory, "s", 30), level(directory, "s", 50))
      let (other, elsewhere) = (level(directory, "s", 29) + "/m", directory["elsewhere/n"])
      let told = try await copyDeepTree(directory, 150) {
        rename(inner, elsewhere)
        rename(outer, other)
      }
      let lost = told.filter { $0.operation == .readDirectory }.map(\.source.string)
      #expect(Set(lost) == Set((30..<50).map { level(directory, "s", $0) }))
      // What is missing is in a directory that was told.
      for depth in 0..<150
      where !directory.exists("t" + String(repeating: "/n", count: depth) + "/f") {
        #expect(lost.contains(level(directory, "s", depth)))
      }
      // Those above them are found by their names, and finished.
      let mode = try directory.status("t" + String(repeating: "/n", count: 20)).st_mode
      #expect(mode & 0o777 == 0o755)
    }
  }

  /// Whoever reads a directory and whoever parks it never have it both: what was read would
  /// be read again, from the offset of before.
  @Test func readingAndParkingExcludeEachOther() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell("mkdir s t; cd s; touch $(seq 5000)", in: directory.path)
      for _ in 0..<20 {
        let node = try node(directory)
        let isRead = Atomic<Bool>(false)
        var all: [OwnedName] = []
        // One thread parks and opens it again all the time, this one reads.
        let parker = Task.detached {
          while !isRead.load(ordering: .relaxed) {
            if node.park() { #expect(node.unpark(from: nil).isOpened) }
          }
        }
        let batch = NameBatch()
        reading: while true {
          switch try node.read(batch, inOrder: false) {
          case nil: continue
          case .some(false): break reading
          case .some(true):
            all += batch.use { buffer in
              var names: [OwnedName] = []
              while buffer.advance() { names.append(OwnedName(buffer.name)) }
              return names
            }
          }
        }
        isRead.store(true, ordering: .relaxed)
        await parker.value
        #expect(all.count == 5000)
        #expect(Set(all).count == 5000)
      }
    }
  }

  /// A node of the directories `s` and `t`.
  private func node(_ directory: TestDirectory) throws -> DirectoryNode {
    func opened(_ name: String) throws -> Directory {
      let location = try OwnedLocation(resolving: OwnedName(directory.file(name)))
      return Directory(
        try location.directory.open(location.name, .directory),
        DirectoryPath(location.name, in: location.directory.path), base: location.directory)
    }
    let (source, destination) = (try opened("s"), try opened("t"))
    let status = try source.descriptor.status()
    let copy = DirectoryCopy(
      source: source, destination: destination, status: status, isNew: false, isEntered: true,
      attributes: nil, durability: .none)
    let root = Ancestry.Root(
      source: "s", destination: "t", identity: try destination.descriptor.status().identity,
      device: status.identity.device)
    return DirectoryNode(copy, in: nil, isLinked: false, root: root)
  }
}
