import Foundation
import Reflink
import Synchronization
import SystemPackage
import _NIOFileSystem

private final class Counter: Sendable {
  private let count: Atomic<Int>
  init(_ value: Int) { count = Atomic(value) }
  var value: Int { count.load(ordering: .relaxed) }
  func decrement() { count.subtract(1, ordering: .relaxed) }
}

/// The library against what else a Swift program has, and its promises to others.
struct Library {
  let work: String
  let isQuick: Bool
  var ext4: String { "\(work)/ext4" }
  private var source: SystemPackage.FilePath { path("source") }

  func path(_ name: String) -> SystemPackage.FilePath {
    SystemPackage.FilePath("\(ext4)/\(name)")
  }

  func plant(_ kind: String, _ path: String, _ number: Int) {
    run(["\(work)/plant", kind, path, "\(number)"])
  }

  func measure(_ table: inout Table) async throws {
    try await peers(&table)
    try await many(&table)
    try await busy(&table)
    try await OneImage(library: self).measure(&table)
  }

  /// What large copies are to others, and how soon they end.
  func busy(_ table: inout Table) async throws {
    try await behindLargeCopies(&table)
    try await heartbeat(&table)
    try await cancelling(&table)
  }

  func time(_ body: () async throws -> Void) async throws -> Double {
    let start = ContinuousClock.now
    try await body()
    return (ContinuousClock.now - start).seconds
  }

  private func peers(_ table: inout Table) async throws {
    note("peers")
    let size = isQuick ? 64 << 20 : 1 << 30
    plant("data", source.string, size)
    let copyPath = "\(ext4)/copy"
    let names = ["Reflink", "Foundation", "NIOFileSystem"]
    var times: [String: [Double]] = [:]
    for round in 0...5 {
      for name in names {
        unlink(copyPath)
        sync()
        let seconds = try await time {
          switch name {
          case "Reflink": _ = try await Reflink.copyFile(source, to: path("copy"))
          case "Foundation":
            try FileManager.default.copyItem(atPath: source.string, toPath: copyPath)
          default:
            try await _NIOFileSystem.FileSystem.shared.copyItem(
              at: .init(source.string), to: .init(copyPath))
          }
        }
        if round > 0 { times[name, default: []].append(seconds) }
      }
    }
    unlink(copyPath)
    let ours = (times["Reflink"] ?? []).median
    for (name, goal) in [("Foundation", 0.5), ("NIOFileSystem", 0.9)] {
      let theirs = (times[name] ?? []).median
      table.add(
        "library: copy of \(size >> 20) MiB, ext4, warm", milliseconds(ours),
        "\(name) \(milliseconds(theirs))", ours / theirs, goal: goal)
    }
    unlink(source.string)
  }

  /// Many small files: by one verb over pairs, by a call for each, and as a tree.
  func many(_ table: inout Table) async throws {
    note("many files")
    let count = isQuick ? 500 : 5_000
    let (flat, copies) = ("\(ext4)/flat", "\(ext4)/copies")
    plant("flat", flat, count)
    sync()
    // Files are in a directory of their own.
    let inside = try FileManager.default.contentsOfDirectory(atPath: flat).first ?? ""
    let names = try FileManager.default.contentsOfDirectory(atPath: "\(flat)/\(inside)")
    var times: [[Double]] = [[], [], []]
    for round in 0...5 {
      for way in 0..<3 {
        run(["/bin/rm", "-rf", copies])
        if way < 2 { mkdir(copies, 0o755) }
        let seconds = try await time {
          switch way {
          case 0:
            let pairs = names.map { (path("flat/\(inside)/\($0)"), path("copies/\($0)")) }
            _ = try await copyFiles(pairs)
          case 1:
            for name in names {
              _ = try await Reflink.copyFile(
                path("flat/\(inside)/\(name)"), to: path("copies/\(name)"))
            }
          default: _ = try await copyTree(path("flat/\(inside)"), to: path("copies"))
          }
        }
        if round > 0 { times[way].append(seconds) }
      }
    }
    run(["/bin/rm", "-rf", copies, flat])
    for (way, name) in [(1, "copyFile for each"), (2, "copyTree")] {
      table.add(
        "library: copyFiles of \(count) small files, ext4", milliseconds(times[0].median),
        "\(name) \(milliseconds(times[way].median))", times[0].median / times[way].median,
        goal: nil)
    }
  }

  /// While large copies run, small ones are submitted one after the other.
  private func behindLargeCopies(_ table: inout Table) async throws {
    note("behind large copies")
    let size = isQuick ? 256 << 20 : 4 << 30
    plant("data", source.string, size)
    plant("data", "\(ext4)/small", 1 << 20)
    truncate("\(ext4)/small", 4096)
    for (count, goal, name) in [(2, 20.0, "all workers busy"), (1, 5.0, "one worker free")] {
      let running = Counter(count)
      var late: [Double] = []
      let large = (0..<count).map { index in
        Task.detached { [self] in
          _ = try await Reflink.copyFile(source, to: path("large\(index)"))
          running.decrement()
        }
      }
      try await Task.sleep(for: .milliseconds(50))
      while running.value == count {
        late.append(
          try await time { _ = try await Reflink.copyFile(path("small"), to: path("tiny")) })
        unlink("\(ext4)/tiny")
        try await Task.sleep(for: .milliseconds(2))
      }
      for task in large { try await task.value }
      for index in 0..<count { unlink("\(ext4)/large\(index)") }
      table.add(
        "4 KiB copy beside \(count) copies of \(size >> 20) MiB (\(name)), p99 of \(late.count)",
        "median \(milliseconds(late.median))", "the large copy",
        late.percentile(0.99) * 1000, goal: goal, unit: " ms")
    }
  }

  /// A task of the cooperative pool that wants to run every millisecond.
  private func lateness(while isRunning: @escaping @Sendable () -> Bool) async throws -> [Double] {
    var late: [Double] = []
    let clock = ContinuousClock()
    while isRunning() {
      let wanted = clock.now + .milliseconds(1)
      try await clock.sleep(until: wanted, tolerance: .zero)
      late.append((clock.now - wanted).seconds)
    }
    return late
  }

  private func heartbeat(_ table: inout Table) async throws {
    note("heartbeat")
    // For comparison: two threads that only use the processors.
    let busy = Counter(2)
    for _ in 0..<2 {
      Thread.detachNewThread {
        let end = ContinuousClock.now + .seconds(isQuick ? 1 : 5)
        while ContinuousClock.now < end {}
        busy.decrement()
      }
    }
    let beside = try await lateness { busy.value > 0 }
    let running = Counter(2)
    let copies = (0..<2).map { index in
      Task.detached { [self] in
        _ = try await Reflink.copyFile(source, to: path("large\(index)"))
        running.decrement()
      }
    }
    let late = try await lateness { running.value > 0 }
    for task in copies { try await task.value }
    for index in 0..<2 { unlink("\(ext4)/large\(index)") }
    let base = beside.percentile(0.99) * 1000
    table.add(
      "heartbeat of 1 ms in the pool beside two large copies, p99 lateness",
      "median \(milliseconds(late.median))", "two busy threads \(format(base)) ms",
      late.percentile(0.99) * 1000, goal: max(5, base), unit: " ms")
  }

  /// From the cancellation of the task to its end, the largest of some.
  private func cancel(
    after delays: [Int], _ copy: @escaping @Sendable (CopyController) async throws -> Void
  ) async throws -> (worst: Double, cancelled: Int) {
    var worst = 0.0
    var cancelled = 0
    for delay in delays {
      let task = Task.detached { try await copy(CopyController()) }
      try await Task.sleep(for: .milliseconds(delay))
      let start = ContinuousClock.now
      task.cancel()
      if case .failure = await task.result {
        cancelled += 1
        worst = max(worst, (ContinuousClock.now - start).seconds)
      }
      for name in ["xfs/clone", "ext4/clone"] { unlink("\(work)/\(name)") }
    }
    return (worst, cancelled)
  }

  private func cancelling(_ table: inout Table) async throws {
    note("cancelling")
    let fallback = try await cancel(after: (0..<20).map { 5 + $0 * 7 }) { [self] controller in
      _ = try await Reflink.copyFile(source, to: path("clone"), controller: controller)
    }
    table.add(
      "cancelling a copy of 4 GiB on ext4, worst", "\(fallback.cancelled) of 20", "",
      fallback.worst * 1000, goal: 20, unit: " ms")
    unlink(source.string)
    let count = isQuick ? 50_000 : 500_000
    let fragmented = SystemPackage.FilePath("\(work)/xfs/fragmented")
    let clone = SystemPackage.FilePath("\(work)/xfs/clone")
    plant("runs", fragmented.string, count)
    let whole = try await cancel(after: (0..<10).map { 5 + $0 * 20 }) { controller in
      _ = try await Reflink.copyFile(
        fragmented, to: clone, options: CopyOptions(cloning: .required), controller: controller)
    }
    table.add(
      "cancelling a whole clone of \(count) extents on XFS, worst", "\(whole.cancelled) of 10", "",
      whole.worst * 1000, goal: 50, unit: " ms")
    let ranges = try await cancel(after: (0..<10).map { 5 + $0 * 20 }) { controller in
      _ = try await Reflink.copyRange(
        from: fragmented, range: 0..<Int64(count) * 8192, to: clone, at: 0, controller: controller)
    }
    table.add(
      "cancelling the same clone by ranges, worst", "\(ranges.cancelled) of 10", "",
      ranges.worst * 1000, goal: 50, unit: " ms")
    unlink(fragmented.string)
  }
}
