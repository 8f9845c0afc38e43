import Foundation
import Reflink
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// A tree that is changed at random, and after each round copied on the base of the copy before: the copy must be
/// what a full copy is, and the earlier ones must stay what they were.
///
/// REFLINK_ROUNDS chooses how many rounds (`Scripts/random-changes`), REFLINK_SEED repeats a run.
@Suite(.onFileSystems, .timeLimit(.minutes(600))) struct IncrementalModelTests {
  private static let environment = ProcessInfo.processInfo.environment
  private static let rounds = environment["REFLINK_ROUNDS"].flatMap { Int($0) } ?? fewRounds
  #if DEBUG
    private static let fewRounds = 12
  #else
    private static let fewRounds = 40
  #endif

  /// Where the source is, and where its copies are.
  struct Places: Sendable, CustomTestStringConvertible {
    let source: TestFileSystem
    let destination: TestFileSystem
    var isNoCopyOnWrite = false

    var testDescription: String {
      "\(source) to \(destination)\(isNoCopyOnWrite ? ", NOCOW" : "")"
    }
  }

  static let places = [
    Places(source: .xfs, destination: .xfs),
    Places(source: .xfsSmallBlocks, destination: .xfsSmallBlocks),
    Places(source: .btrfs, destination: .btrfs),
    Places(source: .btrfs, destination: .btrfs, isNoCopyOnWrite: true),
    Places(source: .btrfsCompressed, destination: .btrfsCompressed),
    Places(source: .xfs, destination: .btrfs), Places(source: .btrfs, destination: .xfs),
    Places(source: .xfsSmallBlocks, destination: .xfs),
    Places(source: .ext4, destination: .xfs), Places(source: .xfs, destination: .ext4),
  ]

  @Test(arguments: places)
  func everyCopyIsWhatAFullCopyIs(_ places: Places) async throws {
    let seed =
      Self.environment["REFLINK_SEED"].flatMap { UInt64($0) }
      ?? UInt64.random(in: 0..<1_000_000)
    print("Random changes, \(places): seed \(seed), \(Self.rounds) rounds")
    try await withDirectory(on: places.source) { from in
      try await withDirectory(on: places.destination) { to in
        if places.isNoCopyOnWrite { try await shell("chattr +C '\(from.path)' '\(to.path)'") }
        var tree = ChangingTree(from, seed: seed)
        try tree.make()
        var proven: Int64 = 0
        for round in 0..<Self.rounds {
          var what: [String] = []
          for _ in 0..<Int.random(in: 0..<6, using: &tree.random) {
            what.append(try await tree.change())
          }
          proven += try await copyAndCheck(
            round, from, to, tree, "seed \(seed), round \(round): \(what)")
        }
        let canProve = places.source == places.destination && !places.source.isCompressed
        if canProve, Self.rounds >= 20 { #expect(proven > 0, "nothing was proven, seed \(seed)") }
      }
    }
  }

  /// Makes the next copy, based on the last one; returns the bytes that needed no reading.
  private func copyAndCheck(
    _ round: Int, _ from: TestDirectory, _ to: TestDirectory, _ tree: ChangingTree, _ what: String
  ) async throws -> Int64 {
    let (now, before) = ("c\(round)", "c\(round - 1)")
    let clones = from.system != .ext4
    let snapshot = "snapshot\(round)"
    if clones {
      _ = try await cloneTree(from.file("s"), to: from.file(snapshot))
      // A copy that is to count as one of the snapshot is younger: by more than a tick of the clock.
      try await Task.sleep(for: .milliseconds(9))
    }
    var basis: CopyBasis?
    if round > 0 {
      basis = CopyBasis([to.file(before)], ignoresTimes: round % 3 == 0)
      if clones, round % 4 != 0 { basis?.snapshot = from.file("snapshot\(round - 1)") }
    }
    let earlier = round > 0 ? try TreeState(to[before]) : nil
    let proven = Counter()
    _ = try await copyTree(
      clones ? from.file(snapshot) : from.file("s"), to: to.file(now), basedOn: basis
    ) { outcome, _, _ in
      if case .file(let file) = outcome { proven.add(file.update?.equalByProof ?? 0) }
    }
    _ = try await copyTree(clones ? from.file(snapshot) : from.file("s"), to: to.file("full"))
    let (full, made) = (try TreeState(to["full"]), try TreeState(to[now]))
    let isFull = made.withDataWhere(full, after: earlier) == full
    #expect(isFull, "\(what)\n\(made.difference(from: full))")
    if let earlier {
      let isLeft = try TreeState(to[before]) == earlier
      #expect(isLeft, "\(what): the earlier copy has changed")
    }
    try await shell("rm -r full", in: to.path)
    if round > 1 { try await shell("rm -r c\(round - 2)", in: to.path) }
    if clones, round > 1 { try await shell("rm -r snapshot\(round - 2)", in: from.path) }
    return proven.value
  }

  private func cloneTree(_ source: FilePath, to destination: FilePath) async throws
    -> SnapshotOutcome
  {
    try await snapshot(source, as: destination)
  }
}

extension TestFileSystem {
  fileprivate var isCompressed: Bool { self == .btrfsCompressed }
}

/// Bytes that several threads count.
private final class Counter: Sendable {
  private let bytes = Mutex<Int64>(0)
  func add(_ count: Int64) { bytes.withLock { $0 += count } }
  var value: Int64 { bytes.withLock { $0 } }
}
