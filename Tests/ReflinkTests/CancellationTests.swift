import Foundation
import Reflink
import SystemPackage
import TestSupport
import Testing

/// A task that is cancelled at any moment leaves all or nothing: 200 times for each way.
@Suite(.onFileSystems, .timeLimit(.minutes(20)), .serialized) struct CancellationTests {
  /// A way that data goes, and where.
  struct Way: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var system: TestFileSystem
    var options: CopyOptions
    /// Of the source, 8 KiB each; 0 for one run of data.
    var extents = 0
    var size = 8 << 20
    var execution = CopyOutcome.Execution.inline

    static let whole = Way(
      testDescription: "one whole clone", system: .xfs, options: CopyOptions(cloning: .required),
      // Long enough for a helper, which is killed.
      extents: 2400, execution: .helper)
    static let slices = Way(
      testDescription: "slices of a clone", system: .btrfs,
      options: CopyOptions(cloning: .required, slices: .bytes(256 << 10)), extents: 2000)
    static let offload = Way(
      testDescription: "offload", system: .ext4, options: CopyOptions(), size: 24 << 20)
    static let buffers = Way(
      testDescription: "buffers", system: .ext4, options: CopyOptions(cloning: .never))
  }
  #if DEBUG
    private static let rounds = 80
  #else
    private static let rounds = 200
  #endif

  @Test(arguments: [Way.whole, .slices, .offload, .buffers])
  func ofOneFile(_ way: Way) async throws {
    try await withDirectory(on: way.system) { directory in
      if way.extents > 0 {
        try directory.makeFragmented("a", extents: way.extents)
      } else {
        try directory.fill("a", way.size)
      }
      let size = Int64(try directory.status("a").st_size)
      let whole = try directory.read("a")

      var moments = RandomMoments()
      for round in 0..<Self.rounds {
        let controller = CopyController()
        let task = Task.detached {
          try await copyFile(
            directory.file("a"), to: directory.file("b"), options: way.options,
            controller: controller)
        }
        try await moments.wait()
        task.cancel()
        let place: Comment = "\(moments), round \(round)"
        switch await task.result {
        case .success(let outcome):
          #expect(outcome.total == size, place)
          if way.execution == .helper { #expect(outcome.execution == .helper, place) }
          #expect(try directory.read("b") == whole, place)
          unlink(directory["b"])
          moments.tooLate()
        case .failure(let error):
          let error = try #require(error as? ReflinkError, place)
          #expect(error.code == .cancelled, place)
          // Before anything was opened nobody knows how much is left.
          if let left = error.bytesRemaining { #expect(error.bytesDone + left == size, place) }
          #expect(controller.progress.bytesDone == error.bytesDone, place)
          #expect(try await directory.settledNames(["a"]) == ["a"], place)
          switch error.bytesDone {
          case 0: moments.tooEarly()
          case size: moments.tooLate()
          default: moments.inTheMiddle()
          }
        }
      }
      #expect(moments.metTheMiddle, "\(moments)")
      #expect(try await directory.settledDescriptors() == 0)
    }
  }

  @Test(arguments: [CopyOptions.Publication.inPlace, .unnamed])
  func ofATree(_ publication: CopyOptions.Publication) async throws {
    try await withDirectory(on: publication == .inPlace ? .xfs : .btrfs) { directory in
      try await shell(
        """
        for d in {1..12}; do mkdir -p s/d$d/e; for f in {1..12}; do
          head -c 5000 /dev/urandom > s/d$d/f$f; ln s/d$d/f$f s/d$d/e/l$f; done; done
        """, in: directory.path)
      let options = CopyOptions(publication: publication)

      var moments = RandomMoments()
      for round in 0..<Self.rounds {
        let task = Task.detached {
          try await copyTree(directory.file("s"), to: directory.file("t"), options: options)
        }
        try await moments.wait()
        task.cancel()
        let place: Comment = "\(moments), round \(round)"
        switch await task.result {
        case .success(let outcome):
          #expect(outcome.total == 144 * 5000, place)
          #expect(outcome.hardLinks == 144, place)
          moments.tooLate()
        case .failure(let error):
          let error = try #require(error as? ReflinkError, place)
          #expect(error.code == .cancelled, place)
          error.bytesDone == 0 ? moments.tooEarly() : moments.inTheMiddle()
          if publication == .inPlace {
            // What is there is complete, and is what the error counts.
            let sizes = try filesOf(directory["t"])
            #expect(sizes.allSatisfy { $0 == 5000 }, place)
            #expect(error.bytesDone == Int64(sizes.count * 5000), place)
          } else {
            #expect(try directory.names() == ["s"], place)
          }
        }
        try? FileManager.default.removeItem(atPath: directory["t"])
        #expect(try directory.names() == ["s"], place)
      }
      #expect(moments.metTheMiddle, "\(moments)")
      #expect(try await directory.settledDescriptors() == 0)
    }
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

/// Moments spread over the time that something takes here and now: how busy the machine is
/// changes meanwhile, so what one round meets sets how long the next may wait.
private struct RandomMoments: CustomStringConvertible {
  private let seed = UInt64.random(in: .min ... .max)
  private lazy var random = SeededGenerator(state: seed)
  private var longest = Duration.milliseconds(5)
  private var met = (early: 0, middle: 0, late: 0)

  var description: String {
    "seed \(seed), early, middle and late: \(met)"
  }

  /// Otherwise the rounds have shown nothing.
  var metTheMiddle: Bool { met.middle > 10 }

  mutating func wait() async throws {
    let moment = longest * Double.random(in: 0...1, using: &random)
    // Any sleep takes longer than this.
    if moment > .microseconds(50) { try await Task.sleep(for: moment) }
  }

  mutating func tooEarly() {
    met.early += 1
    longest = longest * 1.2
  }

  /// A little longer, so that the end is among the moments as well.
  mutating func inTheMiddle() {
    met.middle += 1
    longest = longest * 1.05
  }

  mutating func tooLate() {
    met.late += 1
    longest = longest * 0.8
  }
}
