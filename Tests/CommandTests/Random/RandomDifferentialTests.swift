import Foundation
import Subprocess
import SystemPackage
import TestSupport
import Testing

/// Random command lines, given to the system's cp and to ours in identical trees: the same
/// status, the same words, the same files afterwards, or a difference that is known.
///
/// `Scripts/random-lines` runs more of them, with other seeds.
@Suite(.onFileSystems, .timeLimit(.minutes(60))) struct RandomDifferentialTests {
  private static let environment = ProcessInfo.processInfo.environment
  private static let seed = UInt64(environment["REFLINK_RANDOM_SEED"] ?? "") ?? 20_261_126
  /// Fewer of a debug build, which takes several times as long.
  private static let count =
    Int(environment["REFLINK_RANDOM_LINES"] ?? "") ?? (BuiltCommand.isGiven ? 2400 : 300)

  @Test(arguments: TestFileSystem.main)
  func differsOnlyInWhatIsKnown(_ system: TestFileSystem) async throws {
    let part = TestFileSystem.main.firstIndex(of: system) ?? 0
    let share = Self.count / TestFileSystem.main.count
    var known: [KnownDifference: Int] = [:]
    try await withDirectory(on: system) { directory in
      for index in part * share..<(part + 1) * share {
        let line = RandomLine(seed: Self.seed, index: index)
        let theirs = try await outcome(of: line, "/bin/cp", in: directory)
        let ours = try await outcome(of: line, BuiltCommand.path, in: directory)
        guard let theirs, let ours else {
          known[.intoItself, default: 0] += 1
          continue
        }
        guard theirs != ours else { continue }
        if let difference = KnownDifference(line, theirs: theirs, ours: ours) {
          known[difference, default: 0] += 1
          continue
        }
        Issue.record(
          """
          seed \(Self.seed), line \(index): \(line.script)
          cp:   \(theirs.description(without: ours))
          ours: \(ours.description(without: theirs))
          """)
      }
    }
    print("Random lines on \(system), seed \(Self.seed): \(share); known differences: \(known)")
  }

  /// Nil where a directory was copied into itself until its names were too long.
  private func outcome(
    of line: RandomLine, _ executable: String, in directory: TestDirectory
  ) async throws -> LineOutcome? {
    // At the same path each time: links may hold it. One directory more, since ".." is one too.
    // What the line gave no time gets the same, whenever it was made.
    let place = TestDirectory(path: directory["base/w"], system: directory.system)
    try await shell(
      """
      rm -rf base; mkdir -p base/w; cd base/w; { :; \(line.tree.joined(separator: "\n"))
      find .. -newermt 2020-01-01 -exec touch -h -d @1000000009 {} +; } 2>/dev/null; true
      """, in: directory.path)
    let result = try await run(
      .path(FilePath(executable)),
      arguments: Arguments(executablePathOverride: "cp", remainingValues: line.arguments),
      environment: .inherit.updating(["LC_ALL": "C"]), workingDirectory: FilePath(place.path),
      output: .string(limit: 1 << 26), error: .string(limit: 1 << 26))
    let status: Int32 =
      switch result.terminationStatus {
      case .exited(let code): Int32(code)
      case .signaled(let signal): 128 + Int32(signal)
      }
    let tree = try? TestDirectory(path: directory["base"], system: directory.system).snapshot()
    guard let tree else { return nil }
    return LineOutcome(
      status: status, output: result.standardOutput, errors: inOldWords(result.standardError),
      tree: tree)
  }
}

/// What came of a line.
struct LineOutcome: Equatable {
  var status: Int32
  var output: Set<String>
  var errors: Set<String>
  var tree: Set<String>

  init(status: Int32, output: String, errors: String, tree: Set<String>) {
    self.status = status
    self.output = Set(output.split(separator: "\n").map(String.init))
    self.errors = Set(errors.split(separator: "\n").map(String.init))
    self.tree = tree
  }

  /// What the other does not have.
  func description(without other: LineOutcome) -> String {
    let lines = [
      output.subtracting(other.output), errors.subtracting(other.errors),
      tree.subtracting(other.tree),
    ].flatMap { $0.sorted() }
    return "status \(status) " + lines.joined(separator: " | ")
  }
}

extension TestDirectory {
  /// Every entry with all that a copy may keep of it. Times only where the line set them.
  fileprivate func snapshot() throws -> Set<String> {
    var lines: Set<String> = []
    var names: [UInt64: String] = [:]
    let manager = FileManager.default
    var pending = ["."]
    while let name = pending.popLast() {
      let entry = try status(name)
      let mode = entry.st_mode
      var line = "\(name) \(String(mode, radix: 8))"
      if entry.st_mtim.tv_sec < 1_100_000_000 { line += " @\(entry.st_mtim.tv_sec)" }
      switch mode & S_IFMT {
      case S_IFDIR:
        pending += try manager.contentsOfDirectory(atPath: self[name]).sorted(by: >)
          .map { "\(name)/\($0)" }
      case S_IFLNK: line += " -> " + (try manager.destinationOfSymbolicLink(atPath: self[name]))
      case S_IFREG: line += " " + String(decoding: try read(name), as: UTF8.self)
      default: break
      }
      if mode & S_IFMT != S_IFDIR {
        line += " = \(names[UInt64(entry.st_ino), default: name]) \(entry.st_nlink)"
        if names[UInt64(entry.st_ino)] == nil { names[UInt64(entry.st_ino)] = name }
      }
      lines.insert(line)
    }
    return lines
  }
}
