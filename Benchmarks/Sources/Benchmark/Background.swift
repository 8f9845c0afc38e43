import Foundation
import Glibc
import Synchronization

/// `--background`: what a copy of a large file leaves for others.
struct Background {
  let work: String
  let isQuick: Bool
  private var ours: String { "\(work)/ours" }

  func measure(_ table: inout Table) {
    note("background")
    let size = isQuick ? 256 << 20 : 2 << 30
    for system in ["xfs", "ext4"] {
      let source = "\(work)/\(system)/data"
      let copy = "\(work)/\(system)/copy"
      run(["\(work)/plant", "data", source, "\(size)"])
      for program in [[ours, "--background", "--reflink=never"], ["/bin/cp", "--reflink=never"]] {
        dropCaches()
        let isOurs = program[0] == ours
        let idle = lateness { usleep(3_000_000) }
        let beside = lateness { run(program + [source, copy]) }
        let cached = cachedBytes(source) + cachedBytes(copy)
        let name = isOurs ? "--background" : "cp"
        table.add(
          "heartbeat of 1 ms beside a copy of \(size >> 20) MiB by \(name), \(system), p99 later than idle",
          milliseconds(beside.percentile(0.99)), "idle \(milliseconds(idle.percentile(0.99)))",
          max(beside.percentile(0.99) - idle.percentile(0.99), 0) * 1000,
          goal: isOurs ? 2 : nil, unit: " ms")
        table.add(
          "page cache left by it", "\(cached >> 20) MiB", "", Double(cached) / 1_048_576,
          goal: isOurs ? 64 : nil, unit: " MiB")
        unlink(copy)
      }
      unlink(source)
    }
  }

  /// By how much a thread that wants to run every millisecond runs too late, while `body` does.
  private func lateness(during body: () -> Void) -> [Double] {
    let beat = Beat()
    beat.start()
    body()
    return beat.stop()
  }

  /// Bytes of a file in the page cache; fincore(1).
  private func cachedBytes(_ path: String) -> Int {
    Int(output(of: "fincore -b -n -o RES '\(path)'").filter(\.isNumber)) ?? 0
  }

  private func dropCaches() {
    sync()
    guard let file = fopen("/proc/sys/vm/drop_caches", "w") else { return }
    fputs("3", file)
    fclose(file)
  }
}

/// A thread that wants to run every millisecond.
private final class Beat: Sendable {
  private let isOver = Atomic<Bool>(false)
  private let late = Mutex<[Double]>([])
  private let hasEnded = DispatchSemaphore(value: 0)

  func start() {
    Thread.detachNewThread { [self] in
      while !isOver.load(ordering: .relaxed) {
        let start = ContinuousClock.now
        usleep(1000)
        let seconds = (ContinuousClock.now - start).seconds - 0.001
        late.withLock { $0.append(max(seconds, 0)) }
      }
      hasEnded.signal()
    }
  }

  func stop() -> [Double] {
    isOver.store(true, ordering: .relaxed)
    hasEnded.wait()
    return late.withLock { $0 }
  }
}
