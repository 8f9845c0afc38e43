import Glibc

/// The command against GNU cp, and against the floor.
struct Commands {
  let work: String
  let isQuick: Bool
  private var ours: String { "\(work)/ours" }
  private let cp = "/bin/cp"

  /// Medians of alternating runs, after one of each that does not count.
  private func compare(_ programs: [[String]], rounds: Int, before: () -> Void) -> [Double] {
    var times = programs.map { _ in [Double]() }
    for round in 0...rounds {
      for (index, program) in programs.enumerated() {
        before()
        let seconds = run(program)
        if round > 0 { times[index].append(seconds) }
      }
    }
    return times.map(\.median)
  }

  private func row(
    _ table: inout Table, _ what: String, _ a: [String], _ b: [String], _ name: String,
    goal: Double?, rounds: Int = 5, before: () -> Void
  ) {
    let times = compare([a, b], rounds: rounds, before: before)
    table.add(
      what, milliseconds(times[0]), "\(name) \(milliseconds(times[1]))", times[0] / times[1],
      goal: goal)
  }

  private func plant(_ kind: String, _ path: String, _ number: Int) {
    run(["\(work)/plant", kind, path, "\(number)"])
  }

  private func remove(_ path: String) { run(["/bin/rm", "-rf", path]) }

  /// Takes a program out of the page cache.
  private func drop(_ program: String) {
    let file = open(program, O_RDONLY)
    fdatasync(file)
    posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED)
    close(file)
  }

  private func dropCaches() {
    sync()
    guard let file = fopen("/proc/sys/vm/drop_caches", "w") else { return }
    fputs("3", file)
    fclose(file)
  }

  func measure(_ table: inout Table) {
    let small = isQuick ? 2_000 : 20_000
    let flat = isQuick ? 5_000 : 100_000
    note("one file")
    let xfs = "\(work)/xfs"
    plant("data", "\(xfs)/kilobyte", 1 << 20)
    truncate("\(xfs)/kilobyte", 1024)
    let mine = [ours, "\(xfs)/kilobyte", "\(xfs)/copy"]
    let theirs = [cp, "\(xfs)/kilobyte", "\(xfs)/copy"]
    row(
      &table, "clone 1 KiB, XFS, whole process", mine, theirs, "cp", goal: 0.6,
      rounds: isQuick ? 20 : 300
    ) { unlink("\(xfs)/copy") }
    let rounds = isQuick ? 20 : 100
    // What was just written lies in the page cache in larger pieces than what was read in.
    row(
      &table, "the same, both programs read in by demand before", mine, theirs, "cp", goal: 0.7,
      rounds: rounds
    ) {
      for program in [mine, theirs] {
        drop(program[0])
        unlink("\(xfs)/copy")
        run(program)
      }
      unlink("\(xfs)/copy")
    }
    row(
      &table, "the same, both programs read from the disk", mine, theirs, "cp", goal: nil,
      rounds: rounds
    ) {
      unlink("\(xfs)/copy")
      drop(ours)
      drop(cp)
    }
    let gigabytes = isQuick ? 1 : 10
    plant("data", "\(xfs)/huge", gigabytes << 30)
    row(
      &table, "clone \(gigabytes) GiB, XFS, whole process", [ours, "\(xfs)/huge", "\(xfs)/copy"],
      [cp, "\(xfs)/huge", "\(xfs)/copy"], "cp", goal: 0.65, rounds: isQuick ? 5 : 50
    ) { unlink("\(xfs)/copy") }
    remove("\(xfs)/huge")
    for system in ["xfs", "btrfs", "ext4"] { trees(&table, system, small, flat) }
    seen(&table)
    durable(&table)
    large(&table)
    calls(&table)
    memory(&table)
  }

  private func trees(_ table: inout Table, _ system: String, _ small: Int, _ flat: Int) {
    note("trees on \(system)")
    let directory = "\(work)/\(system)"
    for (kind, count) in [("tree", small), ("flat", flat)] {
      let source = "\(directory)/\(kind)"
      let copy = "\(directory)/copy"
      plant(kind, source, count)
      sync()
      let what =
        kind == "tree" ? "-a of \(count) small files" : "-a of \(count) files in one directory"
      let times = compare(
        [
          [ours, "-a", source, copy], ["\(work)/floor", source, copy], [cp, "-a", source, copy],
        ], rounds: 5
      ) { remove(copy) }
      for (index, name, goal) in [(1, "floor", 1.1), (2, "cp", nil)] as [(Int, String, Double?)] {
        table.add(
          "\(what), \(system)", milliseconds(times[0]), "\(name) \(milliseconds(times[index]))",
          times[0] / times[index], goal: goal)
      }
      remove(copy)
      remove(source)
    }
  }

  /// What it costs that somebody looks on, in a terminal, or reads records.
  func seen(_ table: inout Table) {
    note("progress")
    let count = isQuick ? 2_000 : 20_000
    for system in ["xfs", "ext4"] {
      let source = "\(work)/\(system)/tree"
      let copy = "\(work)/\(system)/copy"
      plant("tree", source, count)
      sync()
      func inTerminal(_ options: String) -> [String] {
        // What the terminal shows is nobody's result.
        [
          "/bin/sh", "-c",
          "exec script -qec '\(ours) \(options) \(source) \(copy)' /dev/null >/dev/null",
        ]
      }
      let times = compare(
        [inTerminal("-a"), inTerminal("-ag"), inTerminal("-a --json >/dev/null")], rounds: 11
      ) { remove(copy) }
      for (index, what, goal) in [(1, "-ag", 1.02), (2, "-a --json", nil)]
        as [(Int, String, Double?)]
      {
        table.add(
          "\(what) of \(count) small files, \(system)", milliseconds(times[index]),
          "-a \(milliseconds(times[0]))", times[index] / times[0], goal: goal)
      }
      remove(copy)
      remove(source)
    }
  }

  /// What it costs that a tree is on storage when the command returns.
  func durable(_ table: inout Table) {
    let count = isQuick ? 500 : 5_000
    for system in ["xfs", "btrfs", "ext4"] {
      note("durable trees on \(system)")
      let source = "\(work)/\(system)/tree"
      let copy = "\(work)/\(system)/copy"
      plant("tree", source, count)
      sync()
      let times = compare(
        [
          [ours, "-a", "--fsync", source, copy],
          [ours, "-a", "--atomic", "--fsync", source, copy],
          ["/bin/sh", "-c", "\(cp) -a \(source) \(copy) && sync -f \(copy)"],
          ["/bin/sh", "-c", "\(cp) -a \(source) \(copy) && find \(copy) -exec sync {} +"],
        ], rounds: 5
      ) { remove(copy) }
      for (mine, what) in [(0, "--fsync"), (1, "--atomic --fsync")] {
        for (index, name) in [(2, "cp; syncfs"), (3, "cp; fsync of each")] {
          table.add(
            "-a \(what) of \(count) small files, \(system)", milliseconds(times[mine]),
            "\(name) \(milliseconds(times[index]))", times[mine] / times[index], goal: nil)
        }
      }
      remove(copy)
      remove(source)
    }
  }

  private func large(_ table: inout Table) {
    note("large files on ext4")
    let ext4 = "\(work)/ext4"
    let source = "\(ext4)/data"
    let copy = "\(ext4)/copy"
    let size = isQuick ? 256 << 20 : 2 << 30
    plant("data", source, size)
    let mine = [ours, source, copy]
    let theirs = [cp, source, copy]
    let what = "copy of \(size >> 20) MiB, ext4"
    row(&table, "\(what), warm", mine, theirs, "cp", goal: 0.8) {
      unlink(copy)
      sync()
    }
    row(&table, "\(what), cold", mine, theirs, "cp", goal: 0.95) {
      unlink(copy)
      dropCaches()
    }
    let runs = isQuick ? 5_000 : 100_000
    remove(source)
    plant("runs", source, runs)
    row(&table, "sparse file, \(runs) runs of data, ext4", mine, theirs, "cp", goal: 1) {
      unlink(copy)
      sync()
    }
    remove(source)
    remove(copy)
  }

  /// System calls for one more file of a tree: the difference of two trees.
  private func calls(_ table: inout Table) {
    note("system calls")
    let xfs = "\(work)/xfs"
    var counts: [Double] = []
    for program in [ours + "' '-j1", cp] {
      var totals: [Double] = []
      for files in [100, 1100] {
        plant("flat", "\(xfs)/flat", files)
        let text = output(
          of: "strace -f -c -o '\(xfs)/trace' '\(program)' -a '\(xfs)/flat' '\(xfs)/copy'; "
            + "awk '$NF == \"total\" {print $4}' '\(xfs)/trace'")
        totals.append(Double(text.split(separator: "\n").first ?? "") ?? 0)
        remove("\(xfs)/flat")
        remove("\(xfs)/copy")
      }
      counts.append((totals[1] - totals[0]) / 1000)
    }
    table.add(
      "system calls for a cloned file of a tree, -a", format(counts[0]), "cp \(format(counts[1]))",
      counts[0], goal: 9)
  }

  private func memory(_ table: inout Table) {
    note("memory")
    let xfs = "\(work)/xfs"
    let copy = "\(xfs)/copy"
    for (count, goal) in isQuick ? [(2_000, 5.0)] : [(20_000, 5.0), (1_000_000, 6.0)] {
      plant("empty", "\(xfs)/empty", count)
      func peak(_ program: String) -> Double {
        let text = output(of: "'\(work)/peak' '\(program)' -a '\(xfs)/empty' '\(copy)'")
        remove(copy)
        return (Double(text.split(separator: "\n").last ?? "") ?? .nan) / 1024
      }
      let mine = peak(ours)
      let theirs = count > 100_000 ? "" : "cp \(format(peak(cp))) MB"
      remove("\(xfs)/empty")
      table.add(
        "peak memory, \(count) entries", format(mine) + " MB", theirs, mine,
        goal: goal, unit: " MB")
    }
  }
}
