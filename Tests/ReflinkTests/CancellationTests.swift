import Foundation
import Reflink
import SystemPackage
import TestSupport
import Testing

/// A task that is cancelled at any moment leaves all or nothing: 200 times for each way.
@Suite(.onFileSystems, .timeLimit(.minutes(8)), .serialized) struct CancellationTests {
  /// A way that data goes, and where.
  struct Way: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var system: TestFileSystem
    var options: CopyOptions
    /// Of the source; 0 for one run of data.
    var extents = 0
    var size = 24 << 20

    static let whole = Way(
      testDescription: "one whole clone", system: .xfs, options: CopyOptions(cloning: .required),
      extents: 4000)
    static let slices = Way(
      testDescription: "slices of a clone", system: .btrfs,
      options: CopyOptions(cloning: .required, slices: .bytes(256 << 10)), extents: 4000)
    static let offload = Way(testDescription: "offload", system: .ext4, options: CopyOptions())
    static let buffers = Way(
      testDescription: "buffers", system: .ext4, options: CopyOptions(cloning: .never))
  }
  private static let rounds = 200

  @Test(arguments: [Way.whole, .slices, .offload, .buffers])
  func ofOneFile(_ way: Way) async throws {
    try await withFolder(on: way.system) { folder in
      if way.extents > 0 {
        try folder.makeFragmented("a", extents: way.extents)
      } else {
        try folder.fill("a", way.size)
      }
      let size = Int64(try folder.status("a").st_size)
      let whole = try folder.read("a")
      let length = try await shortest {
        _ = try await copy(folder.file("a"), to: folder.file("b"), options: way.options)
        unlink(folder["b"])
      }

      let seed = UInt64.random(in: .min ... .max)
      var random = SeededGenerator(state: seed)
      var cancelled = 0
      for round in 0..<Self.rounds {
        let control = Control()
        let task = Task.detached {
          try await copy(
            folder.file("a"), to: folder.file("b"), options: way.options, control: control)
        }
        try await Task.sleep(for: length * Double.random(in: 0...1, using: &random))
        task.cancel()
        let place: Comment = "seed \(seed), round \(round)"
        switch await task.result {
        case .success(let outcome):
          #expect(outcome.total == size, place)
          #expect(try folder.read("b") == whole, place)
          unlink(folder["b"])
        case .failure(let error):
          let error = try #require(error as? ReflinkError, place)
          #expect(error.code == .cancelled, place)
          // Before anything was opened nobody knows how much is left.
          if let left = error.bytesLeft { #expect(error.bytesDone + left == size, place) }
          #expect(control.progress.bytesDone == error.bytesDone, place)
          #expect(try folder.names() == ["a"], place)
          cancelled += 1
        }
      }
      #expect(cancelled > Self.rounds / 10, "seed \(seed)")
      #expect(try await folder.settledDescriptors() == 0)
    }
  }

  @Test(arguments: [Publication.inPlace, .unnamed])
  func ofATree(_ publication: Publication) async throws {
    try await withFolder(on: publication == .inPlace ? .xfs : .btrfs) { folder in
      try await shell(
        """
        for d in {1..12}; do mkdir -p s/d$d/e; for f in {1..12}; do
          head -c 5000 /dev/urandom > s/d$d/f$f; ln s/d$d/f$f s/d$d/e/l$f; done; done
        """, in: folder.path)
      let options = CopyOptions(publication: publication)
      let length = try await shortest {
        _ = try await copyTree(folder.file("s"), to: folder.file("t"), options: options)
        try await shell("rm -r t", in: folder.path)
      }

      let seed = UInt64.random(in: .min ... .max)
      var random = SeededGenerator(state: seed)
      var cancelled = 0
      for round in 0..<Self.rounds {
        let task = Task.detached {
          try await copyTree(folder.file("s"), to: folder.file("t"), options: options)
        }
        try await Task.sleep(for: length * Double.random(in: 0...1, using: &random))
        task.cancel()
        let place: Comment = "seed \(seed), round \(round)"
        switch await task.result {
        case .success(let outcome):
          #expect(outcome.total == 144 * 5000, place)
          #expect(outcome.hardLinks == 144, place)
        case .failure(let error):
          let error = try #require(error as? ReflinkError, place)
          #expect(error.code == .cancelled, place)
          cancelled += 1
          if publication == .inPlace {
            // What is there is complete, and is what the error counts.
            let sizes = try filesOf(folder["t"])
            #expect(sizes.allSatisfy { $0 == 5000 }, place)
            #expect(error.bytesDone == Int64(sizes.count * 5000), place)
          } else {
            #expect(try folder.names() == ["s"], place)
          }
        }
        try? FileManager.default.removeItem(atPath: folder["t"])
        #expect(try folder.names() == ["s"], place)
      }
      #expect(cancelled > Self.rounds / 10, "seed \(seed)")
      #expect(try await folder.settledDescriptors() == 0)
    }
  }

  /// How long one takes here, so that the moments are spread over all of it. The first may
  /// have waited for what it reads to be written out.
  private func shortest(_ body: () async throws -> Void) async throws -> Duration {
    var shortest = Duration.seconds(60)
    for _ in 0..<3 {
      let begun = ContinuousClock.now
      try await body()
      shortest = min(shortest, ContinuousClock.now - begun)
    }
    return shortest
  }

  /// The sizes of the files in a tree; of several names for one, once.
  private func filesOf(_ path: String) throws -> [Int] {
    var sizes: [UInt64: Int] = [:]
    for case let name as String in FileManager.default.enumerator(atPath: path) ?? .init() {
      var status = stat()
      guard lstat("\(path)/\(name)", &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
        continue
      }
      sizes[UInt64(status.st_ino)] = Int(status.st_size)
    }
    return Array(sizes.values)
  }
}

extension TestFolder {
  /// The descriptors that stay open: a worker that has told the end may still let go.
  fileprivate func settledDescriptors() async throws -> Int {
    var count = try openDescriptors()
    for _ in 0..<100 where count > 0 {
      try await Task.sleep(for: .milliseconds(20))
      count = try openDescriptors()
    }
    return count
  }
}
