import Foundation
import Reflink
import SystemPackage
import TestSupport
import Testing

/// The verbs over open files and directories.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct DescriptorTests {
  private func open(
    _ directory: TestDirectory, _ name: String, _ mode: FileDescriptor.AccessMode = .readOnly,
    _ options: FileDescriptor.OpenOptions = []
  ) throws -> FileDescriptor {
    try FileDescriptor.open(
      directory.file(name), mode, options: options, permissions: .ownerReadWrite)
  }

  @Test(arguments: TestFileSystem.all)
  func copiesDataAndLeavesTheRestAlone(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try directory.fill("a", 100_001)
      try directory.fill("b", 300_000)
      chmod(directory["b"], 0o640)
      let source = try open(directory, "a")
      let destination = try open(directory, "b", .readWrite)
      // The offsets do not matter.
      try source.seek(offset: 777, from: .start)
      let outcome = try syncCopy(source, destination)
      #expect(outcome.total == 100_001)
      #expect(try directory.read("b") == directory.read("a"))
      #expect(try source.seek(offset: 0, from: .current) == 777)
      #expect(try directory.status("b").st_mode & 0o777 == 0o640)
      let again = try await copyFile(
        source, to: destination, options: CopyOptions(cloning: .never))
      #expect(again.copied == 100_001)
      #expect(try directory.read("b") == directory.read("a"))
      try source.close()
      try destination.close()
      #expect(try directory.openDescriptors() == 0)
    }
  }

  @Test func aPipeGetsAllOfTheSource() async throws {
    try await withDirectory(on: .xfs) { directory in
      try directory.fill("a", 5000)
      let source = try open(directory, "a")
      try source.seek(offset: 777, from: .start)
      let pipe = try FileDescriptor.pipe()
      #expect(try syncCopy(source, pipe.writeEnd).copied == 5000)
      #expect(try source.seek(offset: 0, from: .current) == 777)
      try pipe.writeEnd.close()
      var got = [UInt8](repeating: 0, count: 6000)
      let count = try got.withUnsafeMutableBytes { try pipe.readEnd.read(into: $0) }
      #expect(try Array(got.prefix(count)) == directory.read("a"))
      try pipe.readEnd.close()
      try source.close()
    }
  }

  /// More copies into pipes than there are workers, and nobody reads: they are in nobody's
  /// way, go on as somebody reads, and can be cancelled.
  @Test func fullPipesHoldNobodyUp() async throws {
    try await withDirectory(on: .xfs) { directory in
      let size = 1 << 20
      try directory.fill("a", size)
      let source = try open(directory, "a")
      let pipes = try (0..<12).map { _ in try FileDescriptor.pipe() }
      let copies = pipes.map { pipe in
        Task.detached { try await copyFile(source, to: pipe.writeEnd) }
      }
      // All are under way: each has filled its pipe.
      for pipe in pipes { try await waitUntil { bufferedBytes(in: pipe.readEnd) > 4096 } }
      let small = try await copyFile(directory.file("a"), to: directory.file("b"))
      #expect(small.total == Int64(size))

      for copy in copies.dropFirst() { copy.cancel() }
      for copy in copies.dropFirst() {
        let error = try #require(await copy.failure)
        #expect(error.code == .cancelled)
        #expect(error.bytesDone > 0)
        #expect(error.bytesDone + (error.bytesRemaining ?? 0) == Int64(size))
      }
      async let bytes = readAll(pipes[0].readEnd, size)
      #expect(try await copies[0].value.copied == Int64(size))
      let got = await bytes
      #expect(try got == directory.read("a"))
      for pipe in pipes {
        try pipe.readEnd.close()
        try pipe.writeEnd.close()
      }
      try source.close()
    }
  }

  /// What was read from a pipe is gone from it: it must have got to the other.
  @Test func betweenPipesNothingIsLostToCancellation() async throws {
    let from = try FileDescriptor.pipe()
    let to = try FileDescriptor.pipe()
    let bytes = randomBytes(60_000)
    // The destination is full but for less than all that.
    let filling = randomBytes(32_768)
    try to.writeEnd.writeAll(filling)
    try from.writeEnd.writeAll(bytes)
    let task = Task.detached { try await copyFile(from.readEnd, to: to.writeEnd) }
    try await waitUntil { bufferedBytes(in: to.readEnd) >= 65_536 - 4096 }
    task.cancel()
    let error = try #require(await task.failure)
    #expect(error.code == .cancelled)
    let there = await readAll(to.readEnd, filling.count + Int(error.bytesDone))
    #expect(there == filling + bytes.prefix(Int(error.bytesDone)))
    #expect(bufferedBytes(in: from.readEnd) == bytes.count - Int(error.bytesDone))
    for end in [from.readEnd, from.writeEnd, to.readEnd, to.writeEnd] { try end.close() }
  }

  /// A FIFO by its descriptor, and a pipe that does not wait.
  @Test(arguments: [false, true])
  func otherPipesGetAllToo(_ neverWaits: Bool) async throws {
    try await withDirectory(on: .xfs) { directory in
      try directory.fill("a", 1 << 20)
      try await shell("mkfifo p", in: directory.path)
      let reader = try FileDescriptor.open(directory.file("p"), .readOnly, options: .nonBlocking)
      let writer = try FileDescriptor.open(
        directory.file("p"), .writeOnly, options: neverWaits ? .nonBlocking : [])
      let patient = try FileDescriptor.open(directory.file("p"), .readOnly)
      let source = try open(directory, "a")
      async let bytes = readAll(patient, 1 << 20)
      let outcome = try await copyFile(source, to: writer)
      #expect(outcome.copied == 1 << 20)
      let got = await bytes
      #expect(try got == directory.read("a"))
      for file in [reader, writer, patient, source] { try file.close() }
    }
  }

  @Test func aPipeThatNobodyReadsAnyMoreIsAnError() async throws {
    try await withDirectory(on: .xfs) { directory in
      try directory.fill("a", 1 << 20)
      let source = try open(directory, "a")
      let pipe = try FileDescriptor.pipe()
      try pipe.readEnd.close()
      let task = Task.detached { try await copyFile(source, to: pipe.writeEnd) }
      #expect(try #require(await task.failure).errno == .brokenPipe)
      try pipe.writeEnd.close()
      try source.close()
    }
  }

  @Test func clonesAnUnlinkedFile() async throws {
    try await withDirectory(on: .xfs) { directory in
      try directory.fill("a", 100_001)
      let data = try directory.read("a")
      let source = try open(directory, "a")
      unlink(directory["a"])
      let destination = try open(directory, "b", .writeOnly, .create)
      let whole = try await cloneFile(source, to: destination)
      #expect(whole.cloned == 100_001)
      let slices = try syncClone(source, destination, .bytes(65536))
      #expect(slices.execution == .slices(2))
      #expect(try directory.read("b") == data)
      let made = try syncSnapshot(source, directory.file("s"))
      guard case .clones(let contents) = made else {
        Issue.record("\(made)")
        return
      }
      #expect(contents.cloned == 100_001)
      #expect(try directory.read("s") == data)
      try source.close()
      try destination.close()
    }
  }

  @Test func arequiredCloneThatIsRefusedLeavesWhatWasThere() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await withDirectory(on: .ext4) { other in
        try directory.fill("a", 100_000)
        try other.fill("b", 5000)
        try other.fill("c", 6000)
        let before = try other.read("b")
        let source = try open(directory, "a")
        let destination = try open(other, "b", .readWrite)
        let neighbour = try open(other, "c")
        #expect(failure { try syncClone(source, destination) }?.code == .crossDevice)
        #expect(
          failure { try syncClone(neighbour, destination) }?.code == .notSupported(.notSupported))
        #expect(try other.read("b") == before)
        for file in [source, destination, neighbour] { try file.close() }
      }
    }
  }

  /// Only a file's owner may change its NOCOW flag: who may not loses nothing.
  @Test func aCloneThatCannotMatchNoCopyOnWriteLeavesWhatWasThere() async throws {
    try await withDirectory(on: .btrfs) { directory in
      try await shell(
        """
        touch a; chattr +C a; head -c 300000 /dev/urandom > a; echo precious > b
        chmod 666 a b; cp b c; chattr +c c
        """, in: directory.path)
      let denied = await asUser(65534) {
        failure {
          try syncCopy(
            directory.file("a"), directory.file("b"),
            CopyOptions(cloning: .required, preserving: .nothing),
            .policy { facts in
              facts.destination == .unseen ? .create : .overwrite
            })
        }
      }
      #expect(denied?.code == .notSupported(.denied))
      let source = try open(directory, "a")
      let compressed = try open(directory, "c", .readWrite)
      #expect(failure { try syncClone(source, compressed) }?.code == .notSupported(.denied))
      #expect(try directory.read("b") == Array("precious\n".utf8))
      #expect(try directory.read("c") == Array("precious\n".utf8))
      try source.close()
      try compressed.close()
    }
  }

  @Test func badDescriptorsAreErrorsAndLoseNothing() async throws {
    try await withDirectory(on: .xfs) { directory in
      try directory.fill("a", 9000)
      try directory.fill("b", 9000)
      try await shell("mkdir d", in: directory.path)
      let before = try directory.read("b")
      let source = try open(directory, "a")
      let appending = try open(directory, "b", .writeOnly, .append)
      let reading = try open(directory, "b")
      let other = try open(directory, "a", .readWrite)
      let opened = try open(directory, "d", .readOnly, .directory)
      let closed = FileDescriptor(rawValue: 9999)
      #expect(failure { try syncCopy(source, appending) }?.errno == .badFileDescriptor)
      #expect(failure { try syncCopy(source, reading) } != nil)
      for cloning in [CopyOptions.Cloning.preferred, .never, .required] {
        let error = failure { try syncCloneRange(source, 0..<5000, appending, 0, cloning) }
        #expect(error?.errno == .badFileDescriptor, "\(cloning)")
      }
      #expect(failure { try syncCopy(source, other) }?.code == .sameFile)
      #expect(failure { try syncCopy(opened, appending) }?.code == .wrongType)
      #expect(failure { try syncCopy(closed, appending) }?.operation == .open(.source))
      #expect(failure { try syncCopy(source, closed) }?.operation == .open(.destination))
      #expect(try directory.read("b") == before)
      #expect(try directory.read("a").count == 9000)
      for file in [source, appending, reading, other, opened] { try file.close() }
    }
  }

  @Test(arguments: TestFileSystem.clonable)
  func sharesARange(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try directory.fill("a", 300_000)
      let source = try open(directory, "a")
      let destination = try open(directory, "b", .readWrite, .create)
      let outcome = try await copyRange(
        from: source, range: 65536..<196_608, to: destination, at: 0, cloning: .required)
      #expect(outcome.cloned == 131_072)
      #expect(try directory.read("b") == Array(directory.read("a")[65536..<196_608]))
      let report = try await sharing(between: source, and: destination)
      #expect(report.second.sharedWithEachOther == 131_072)
      #expect(report.verdict == .some)
      let map = try await extents(of: destination)
      #expect(map.shared == 131_072)
      try source.close()
      try destination.close()
    }
  }

  @Test(arguments: TestFileSystem.main)
  func fillsAnOpenDirectory(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try await shell(
        """
        mkdir -p s/d t; for i in {1..200}; do echo $i > s/d/f$i; done; ln s/d/f1 s/hard
        echo old > t/kept; chmod 2750 s
        """, in: directory.path)
      let source = try open(directory, "s", .readOnly, .directory)
      let destination = try open(directory, "t", .readOnly, .directory)
      // Moved away meanwhile: the descriptor is what counts.
      rename(directory["t"], directory["u"])
      let outcome = try syncCopyTree(source, destination)
      #expect(outcome.files == 200)
      #expect(outcome.hardLinks == 1)
      try await shell(
        "diff -r s u | grep -qx 'Only in u: kept'; [ u/hard -ef u/d/f1 ]",
        in: directory.path)
      #expect(try directory.status("u").st_mode & 0o7777 == 0o2750)
      // Names inside it follow the rule.
      #expect(failure { try syncCopyTree(source, destination) }?.code == .exists)
      let again = try await copyTree(source, to: destination, ifExists: .skip)
      #expect(again.files == 0)
      let report = try await probe(from: open(directory, "s/d/f1"), to: destination)
      #expect((report.mechanism == .clone) == (system != .ext4))
      try source.close()
      try destination.close()
    }
  }
}

private func waitUntil(_ isTrue: () -> Bool) async throws {
  for _ in 0..<20_000 where !isTrue() { try await Task.sleep(for: .milliseconds(5)) }
  #expect(isTrue())
}
