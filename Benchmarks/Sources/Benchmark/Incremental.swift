import Foundation
import Glibc

/// `--clone-dest` and `--since`: what a second copy costs.
struct Incremental {
  let work: String
  let isQuick: Bool
  private var ours: String { "\(work)/ours" }

  func measure(_ table: inout Table) {
    image(&table)
    for system in ["xfs", "btrfs"] { unchanged(&table, system) }
  }

  /// A large image of which 200 blocks have changed, to another file system.
  private func image(_ table: inout Table) {
    note("a second copy of an image")
    let size = isQuick ? 256 << 20 : 4 << 30
    let (xfs, btrfs) = ("\(work)/xfs", "\(work)/btrfs")
    run(["/bin/mkdir", "\(xfs)/source"])
    run(["\(work)/plant", "data", "\(xfs)/source/disk", "\(size)"])
    run([ours, "-a", "--snapshot", "\(xfs)/source", "\(xfs)/before"])
    usleep(100_000)
    run([ours, "-a", "\(xfs)/before", "\(btrfs)/before"])
    change("\(xfs)/source/disk", blocks: 200, of: size / 4096)
    run([ours, "-a", "--snapshot", "\(xfs)/source", "\(xfs)/now"])
    let copy = "\(btrfs)/copy"
    let program = [
      ours, "-a", "--json", "--clone-dest=\(btrfs)/before", "--since=\(xfs)/before", "\(xfs)/now",
      copy,
    ]
    // What is done by hand without it.
    let rsync = """
      /bin/cp -a --reflink=always \(btrfs)/before \(copy) \
      && rsync -a --inplace --no-whole-file \(xfs)/now/ \(copy)/
      """
    var times: [[Double]] = [[], [], []]
    for round in 0...(isQuick ? 2 : 3) {
      for (index, command) in [
        program, ["/bin/cp", "-a", "\(xfs)/now", copy], ["/bin/sh", "-c", rsync],
      ].enumerated() {
        run(["/bin/rm", "-rf", copy])
        dropCaches()
        let seconds = run(
          index == 0 ? ["/bin/sh", "-c", program.joined(separator: " ") + " >/dev/null"] : command)
        if round > 0 { times[index].append(seconds) }
      }
    }
    let medians = times.map(\.median)
    let what = "second copy of \(size >> 20) MiB, 200 blocks changed, XFS to Btrfs"
    for (index, name) in [(1, "cp"), (2, "rsync on a clone")] {
      table.add(
        what, milliseconds(medians[0]), "\(name) \(milliseconds(medians[index]))",
        medians[0] / medians[index], goal: 0.05)
    }
    run(["/bin/rm", "-rf", copy])
    sync()
    let before = used(btrfs)
    let record = output(of: program.joined(separator: " ") + " | grep '\"type\":\"file\"'")
    sync()
    for (member, name) in [("read", "bytes read of the source"), ("written", "bytes written")] {
      table.add(
        name, "", "", number(member, in: record) / 1_048_576, goal: 2, unit: " MiB")
    }
    table.add(
      "space it takes", "", "", Double(used(btrfs) - before) / 1_048_576, goal: 4, unit: " MiB")
    run(["/bin/rm", "-rf", copy, "\(btrfs)/before", "\(xfs)/now", "\(xfs)/before", "\(xfs)/source"])
  }

  /// A tree of which nothing has changed, beside its clone.
  private func unchanged(_ table: inout Table, _ system: String) {
    let count = isQuick ? 2_000 : 20_000
    note("a second copy of \(count) files on \(system)")
    let (source, first, copy) = (
      "\(work)/\(system)/tree", "\(work)/\(system)/first", "\(work)/\(system)/copy"
    )
    run(["\(work)/plant", "tree", source, "\(count)"])
    run([ours, "-a", source, first])
    sync()
    var times: [[Double]] = [[], []]
    for round in 0...9 {
      for (index, options) in [["--clone-dest=\(first)"], []].enumerated() {
        run(["/bin/rm", "-rf", copy])
        let seconds = run([ours, "-a"] + options + [source, copy])
        if round > 0 { times[index].append(seconds) }
      }
    }
    table.add(
      "-a --clone-dest of \(count) small files, unchanged, \(system)",
      milliseconds(times[0].median), "-a \(milliseconds(times[1].median))",
      times[0].median / times[1].median, goal: 1.1)
    run(["/bin/rm", "-rf", copy, first, source])
  }

  /// Writes other bytes to blocks at random.
  private func change(_ path: String, blocks: Int, of count: Int) {
    let file = open(path, O_RDWR)
    for _ in 0..<blocks {
      let bytes = (0..<4096).map { _ in UInt8.random(in: .min ... .max) }
      pwrite(file, bytes, bytes.count, Int.random(in: 0..<count) * 4096)
    }
    fsync(file)
    close(file)
  }

  private func number(_ member: String, in record: String) -> Double {
    guard let range = record.range(of: "\"\(member)\":") else { return .nan }
    return Double(record[range.upperBound...].prefix { $0.isNumber }) ?? .nan
  }

  private func used(_ path: String) -> Int {
    var status = statvfs()
    guard statvfs(path, &status) == 0 else { return 0 }
    return Int(status.f_blocks - status.f_bfree) * Int(status.f_frsize)
  }

  private func dropCaches() {
    sync()
    guard let file = fopen("/proc/sys/vm/drop_caches", "w") else { return }
    fputs("3", file)
    fclose(file)
  }
}
