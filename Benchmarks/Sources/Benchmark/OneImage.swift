import Foundation
import Reflink
import SystemPackage

/// Many clones of one fragmented image, as a service of virtual machines makes them.
struct OneImage {
  let library: Library

  private var image: SystemPackage.FilePath {
    SystemPackage.FilePath("\(library.work)/xfs/image")
  }

  private func clone(_ index: Int) -> SystemPackage.FilePath {
    SystemPackage.FilePath("\(library.work)/xfs/clone\(index)")
  }

  func measure(_ table: inout Table) async throws {
    note("one image")
    try await besideThem(&table)
    try await cancelling(&table)
  }

  /// A small copy on another file system, again and again while they run, and without them.
  private func besideThem(_ table: inout Table) async throws {
    library.plant("runs", image.string, 6000)
    library.plant("data", "\(library.ext4)/small", 4096)
    truncate("\(library.ext4)/small", 6)
    func small() async throws -> Double {
      defer { unlink("\(library.ext4)/tiny") }
      return try await library.time {
        _ = try await Reflink.copyFile(library.path("small"), to: library.path("tiny"))
      }
    }
    var idle: [Double] = []
    for _ in 0..<200 {
      idle.append(try await small())
      try await Task.sleep(for: .milliseconds(1))
    }
    for (count, name) in [(50, "50 clones"), (400, "400 clones")] {
      let clones = (0..<count).map { startCloningFile(image, to: clone($0)) }
      var beside: [Double] = []
      while !(clones.allSatisfy { $0.currentProgress.isFinished }) {
        beside.append(try await small())
        try await Task.sleep(for: .milliseconds(1))
      }
      var failed = 0
      for copy in clones {
        do { _ = try await copy.outcome } catch { failed += 1 }
      }
      for index in 0..<count { unlink(clone(index).string) }
      table.add(
        "6-byte copy beside \(name) of one image of 6,000 extents, p99 of \(beside.count)",
        "worst \(milliseconds(beside.max() ?? 0)), \(failed) clones failed",
        "idle \(milliseconds(idle.percentile(0.99)))", beside.percentile(0.99) * 1000, goal: 5,
        unit: " ms")
    }
    unlink(image.string)
  }

  /// Clones that wait for their turn, the last one first, and then the one that runs.
  private func cancelling(_ table: inout Table) async throws {
    let extents = library.isQuick ? 50_000 : 200_000
    library.plant("runs", image.string, extents)
    let clones = (0..<8).map { startCloningFile(image, to: clone($0)) }
    try await Task.sleep(for: .milliseconds(100))
    var worst = 0.0
    var cancelled = 0
    for copy in clones.reversed() {
      worst = max(
        worst,
        try await library.time {
          copy.cancel()
          do { _ = try await copy.outcome } catch { cancelled += 1 }
        })
    }
    for index in 0..<8 { unlink(clone(index).string) }
    unlink(image.string)
    table.add(
      "cancelling clones of one image of \(extents) extents, those that wait first, worst",
      "\(cancelled) of 8", "", worst * 1000, goal: 50, unit: " ms")
  }
}
