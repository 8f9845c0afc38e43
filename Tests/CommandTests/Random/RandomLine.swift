import TestSupport

/// A small tree and a command line over it, both made up.
struct RandomLine {
  /// Shell words that make the tree.
  private(set) var tree: [String] = []
  private(set) var arguments: [String] = []
  private var files: [String] = []
  private var directories = ["."]
  private var hasPipe = false

  /// For whoever wants to see it happen.
  var script: String {
    let words = arguments.map { "'\($0)'" }.joined(separator: " ")
    return "\(tree.joined(separator: "; ")); cp \(words)"
  }

  init(seed: UInt64, index: Int) {
    var numbers = SeededGenerator(state: seed &+ UInt64(index) &* 0x5851_F42D_4C95_7F2D)
    for _ in 0..<Int.random(in: 2...7, using: &numbers) { grow(&numbers) }
    chooseArguments(&numbers)
  }

  private static let names = ["a", "b", "c", "d", "e", "sp ace", "a~", "b.~1~", "é", "-x"]

  private mutating func grow(_ numbers: inout SeededGenerator) {
    let parent = directories.randomElement(using: &numbers) ?? "."
    let name = Self.names.randomElement(using: &numbers) ?? "a"
    let path = "\(parent)/\(name)"
    guard !files.contains(path), !directories.contains(path) else { return }
    let other = (files + directories).randomElement(using: &numbers) ?? "."
    switch Int.random(in: 0..<12, using: &numbers) {
    case 0...3:
      tree.append("echo \(Int.random(in: 0...9, using: &numbers)) > '\(path)'")
      files.append(path)
    case 4...6:
      tree.append("mkdir '\(path)'")
      directories.append(path)
    case 7:
      let target = ["nowhere", name, "..", ".", Self.names[0], "../b"].randomElement(
        using: &numbers)
      tree.append("ln -s -- '\(target ?? ".")' '\(path)'")
      files.append(path)
    case 8:
      tree.append("ln -s \"$PWD/\(other)\" '\(path)'")
      files.append(path)
    case 9:
      guard !files.isEmpty, let file = files.randomElement(using: &numbers) else { return }
      tree.append("ln -P '\(file)' '\(path)'")
      files.append(path)
    case 10:
      tree.append(
        "touch -h -d @\(1_000_000_000 + Int.random(in: 0...3, using: &numbers)) '\(other)'")
    default:
      if Bool.random(using: &numbers) {
        tree.append(
          "chmod \(["600", "755", "644", "4755"].randomElement(using: &numbers) ?? "600") '\(other)' 2>/dev/null"
        )
      } else if !hasPipe {
        // No operand and no link's target: whoever writes into it, or reads it, waits for ever.
        tree.append("mkfifo '\(parent)/pipe'")
        hasPipe = true
      }
    }
  }

  /// What the system's cp 9.1 knows too; neither asking nor waiting.
  private static let options = [
    "-R", "-r", "-a", "-d", "-P", "-L", "-H", "-f", "-n", "-u", "-v", "-p", "-l", "-s", "-b", "-T",
    "-x", "--remove-destination", "--attributes-only", "--backup=numbered", "--backup=simple",
    "--backup=existing", "--backup=none", "--suffix=.old", "--parents", "--strip-trailing-slashes",
    "--preserve=links", "--preserve=mode,timestamps", "--no-preserve=mode", "--preserve=xattr",
    "--sparse=always", "--sparse=never", "--reflink=auto", "--reflink=never",
  ]

  private mutating func chooseArguments(_ numbers: inout SeededGenerator) {
    for _ in 0..<Int.random(in: 0...4, using: &numbers) {
      arguments.append(Self.options.randomElement(using: &numbers) ?? "-R")
    }
    if hasPipe { arguments.insert("-R", at: 0) }
    for _ in 0..<Int.random(in: 1...2, using: &numbers) {
      arguments.append(operand(&numbers))
    }
    // More often than not a new name, or a directory.
    switch Int.random(in: 0..<4, using: &numbers) {
    case 0: arguments.append("new")
    case 1: arguments.append(directories.randomElement(using: &numbers) ?? ".")
    case 2: arguments.append(operand(&numbers))
    default: arguments += ["-t", directories.randomElement(using: &numbers) ?? "."]
    }
  }

  private func operand(_ numbers: inout SeededGenerator) -> String {
    let entry =
      (files + directories + files).randomElement(using: &numbers) ?? "."
    switch Int.random(in: 0..<8, using: &numbers) {
    case 0: return entry + "/"
    case 1: return entry + "/."
    case 2:
      return entry.hasPrefix("./-") ? entry : String(entry.dropFirst(2)) + (entry == "." ? "." : "")
    default: return entry
    }
  }
}
