import Foundation

@main struct Benchmark {
  static func main() async throws {
    guard CommandLine.arguments.count == 2 else { stop("usage: Benchmark DIRECTORY; see run") }
    let work = CommandLine.arguments[1]
    let isQuick = ProcessInfo.processInfo.environment["REFLINK_BENCHMARK_QUICK"] == "1"
    var table = Table()
    let library = Library(work: work, isQuick: isQuick)
    let commands = Commands(work: work, isQuick: isQuick)
    switch ProcessInfo.processInfo.environment["REFLINK_BENCHMARK_ONLY"] {
    case "images":
      try await OneImage(library: library).measure(&table)
      return print(table.text)
    case "durable":
      commands.durable(&table)
      return print(table.text)
    case "background":
      Background(work: work, isQuick: isQuick).measure(&table)
      return print(table.text)
    case "incremental":
      Incremental(work: work, isQuick: isQuick).measure(&table)
      return print(table.text)
    case "busy":
      try await library.busy(&table)
      return print(table.text)
    case "peers":
      Peers(work: work, isQuick: isQuick).measure(&table)
      return print(table.text)
    case "seen":
      commands.seen(&table)
      try await library.many(&table)
      return print(table.text)
    default: break
    }
    commands.measure(&table)
    Peers(work: work, isQuick: isQuick).measure(&table)
    Background(work: work, isQuick: isQuick).measure(&table)
    Incremental(work: work, isQuick: isQuick).measure(&table)
    try await library.measure(&table)
    let date = Date.now.formatted(.iso8601.year().month().day())
    let machine = output(of: "uname -srm; /bin/cp --version | head -n 1").split(separator: "\n")
    print(
      """
      # Benchmark results

      \(machine.joined(separator: ", ")), \(ProcessInfo.processInfo.activeProcessorCount) \
      processors, \(date). Medians of alternating rounds, at least five after one that does
      not count; ratios are ours : theirs, so that less is better. `Benchmarks/run` makes
      this file. The floor is `Programs/floor.c`.

      \(table.text)
      """)
  }
}
