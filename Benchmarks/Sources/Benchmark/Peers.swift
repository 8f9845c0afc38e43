import Glibc

/// Trees beside what a user has instead: GNU cp, rust-coreutils' cp, rsync, tar through a pipe, and Btrfs's own ways; cold
/// and warm; and what more workers bring.
struct Peers {
  let work: String
  let isQuick: Bool
  private var ours: String { "\(work)/ours" }
  private var count: Int { isQuick ? 2_000 : 20_000 }

  private struct Program {
    let name: String
    let arguments: [String]
    /// What it makes beside the copy.
    var undo: [[String]] = []
  }

  func measure(_ table: inout Table) {
    for system in ["xfs", "btrfs", "ext4"] {
      note("peers on \(system)")
      let directory = "\(work)/\(system)"
      let (source, copy) = ("\(directory)/peers", "\(directory)/copy")
      // A subvolume, for what only takes those.
      run(
        system == "btrfs"
          ? ["/usr/bin/btrfs", "-q", "subvolume", "create", source] : ["/bin/mkdir", source])
      run(["\(work)/plant", "tree", "\(source)/tree", "\(count)"])
      sync()
      workers(&table, system, source, copy)
      var programs = everywhere(source, copy)
      if system == "btrfs" { programs += btrfs(source, copy, directory) }
      for isCold in [false, true] {
        rows(&table, system, programs, copy, isCold: isCold)
      }
      run(
        system == "btrfs"
          ? ["/usr/bin/btrfs", "-q", "subvolume", "delete", source] : ["/bin/rm", "-r", source])
    }
  }

  private func everywhere(_ source: String, _ copy: String) -> [Program] {
    [
      Program(name: "ours", arguments: [ours, "-a", source, copy]),
      Program(name: "GNU cp", arguments: ["/bin/cp", "-a", source, copy]),
      Program(
        name: "rust-coreutils cp", arguments: ["/usr/bin/coreutils", "cp", "-a", source, copy]),
      Program(name: "rsync -a", arguments: ["/usr/bin/rsync", "-a", "\(source)/", copy]),
      Program(
        name: "tar | tar",
        arguments: [
          "/bin/sh", "-c", "mkdir \(copy) && tar -C \(source) -cf - . | tar -C \(copy) -xf -",
        ]),
    ].filter { access($0.arguments[0], X_OK) == 0 }
  }

  private func btrfs(_ source: String, _ copy: String, _ directory: String) -> [Program] {
    let tool = "/usr/bin/btrfs"
    let (frozen, received) = ("\(directory)/frozen", "\(directory)/received")
    let deletion = [tool, "-q", "subvolume", "delete"]
    return [
      Program(
        name: "btrfs subvolume snapshot",
        arguments: [tool, "-q", "subvolume", "snapshot", source, copy], undo: [deletion + [copy]]),
      Program(
        name: "btrfs send, receive",
        arguments: [
          "/bin/sh", "-c",
          """
          \(tool) -q subvolume snapshot -r \(source) \(frozen) && mkdir \(received) \
          && \(tool) send -q \(frozen) | \(tool) receive -q \(received)
          """,
        ],
        undo: [
          deletion + ["\(received)/frozen", frozen], ["/bin/rmdir", received],
        ]),
    ]
  }

  private func rows(
    _ table: inout Table, _ system: String, _ programs: [Program], _ copy: String, isCold: Bool
  ) {
    var times = programs.map { _ in [Double]() }
    for round in 0...(isCold ? 3 : 5) {
      for (index, program) in programs.enumerated() {
        sync()
        if isCold { dropCaches() }
        let seconds = run(program.arguments)
        if round > 0 { times[index].append(seconds) }
        for command in program.undo { run(command) }
        run(["/bin/rm", "-rf", copy])
      }
    }
    let medians = times.map(\.median)
    for (program, median) in zip(programs, medians).dropFirst() {
      table.add(
        "-a of \(count) small files, \(system), \(isCold ? "cold" : "warm")",
        milliseconds(medians[0]), "\(program.name) \(milliseconds(median))", medians[0] / median,
        goal: nil)
    }
  }

  /// One, two and four: here four have no more processors than two.
  private func workers(
    _ table: inout Table, _ system: String, _ source: String, _ copy: String
  ) {
    let numbers = [1, 2, 4]
    var times = numbers.map { _ in [Double]() }
    for round in 0...5 {
      for (index, number) in numbers.enumerated() {
        sync()
        let seconds = run([ours, "-a", "-j\(number)", source, copy])
        if round > 0 { times[index].append(seconds) }
        run(["/bin/rm", "-rf", copy])
      }
    }
    let medians = times.map(\.median)
    for (number, median) in zip(numbers, medians).dropFirst() {
      table.add(
        "-a -j\(number) of \(count) small files, \(system)", milliseconds(median),
        "-j1 \(milliseconds(medians[0]))", median / medians[0], goal: nil)
    }
    model(&table, system, one: medians[0], two: medians[1])
  }

  /// What more processors would bring, by Amdahl's law: the share of the time in which workers wait for each other (locks of
  /// directories and of the file system's log, the memory) is what one and two of them tell. A model: this machine has two.
  private func model(_ table: inout Table, _ system: String, one: Double, two: Double) {
    let serial = min(max(2 * two / one - 1, 0), 1)
    for processors in [4, 8] {
      let share = serial + (1 - serial) / Double(processors)
      table.add(
        "a model, not measured: \(processors) processors, -a of \(count) small files, \(system)",
        milliseconds(one * share), "-j1 \(milliseconds(one)), serial share \(format(serial))",
        share, goal: nil)
    }
  }

  private func dropCaches() {
    guard let file = fopen("/proc/sys/vm/drop_caches", "w") else { return }
    fputs("3", file)
    fclose(file)
  }
}
