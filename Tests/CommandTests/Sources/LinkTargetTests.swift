import Foundation
import TestSupport
import Testing

/// The bytes of a symbolic link's target, as cp leaves them.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct LinkTargetTests {
  private let targets = [
    "a//b/", "./dir/", "//net/share", "https://example.org/x/", #"\377\376//\200/"#,
  ]

  /// Each entry's target, as hexadecimal bytes.
  private func targets(_ directory: TestDirectory, _ tree: String) async throws -> String {
    try await shell(
      "for f in '\(tree)'/*; do readlink -n $f | od -An -tx1; done", in: directory.path)
  }

  @Test(arguments: ["-a", "-rd", "-rP", "-a --remove-destination", "-af"])
  func isKept(_ options: String) async throws {
    try await withDirectory(on: .xfs) { directory in
      let options = options.split(separator: " ").map(String.init)
      try await shell("mkdir s o", in: directory.path)
      for (index, target) in targets.enumerated() {
        try await shell("ln -s \"$(printf '\(target)')\" s/\(index)", in: directory.path)
        // The link itself as an operand, twice: the second replaces.
        for _ in 0..<2 {
          let result = try await directory.cp(options + ["s/\(index)", "o/\(index)"])
          #expect(result.errors == "")
          #expect(result.status == 0)
        }
      }
      let expected = try await targets(directory, "s")
      #expect(try await targets(directory, "o") == expected)
      for _ in 0..<2 {
        #expect(try await directory.cp(options + ["-T", "s", "t"]).status == 0)
        #expect(try await targets(directory, "t") == expected)
      }
    }
  }

  @Test(arguments: ["./x//y", "x/../x//y", "./x/y", ".//x/./y"])
  func isTheOperandAsGiven(_ operand: String) async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell("mkdir x; echo data > x/y", in: directory.path)
      for option in ["-s", "-sf", "-s --remove-destination"] {
        let options = option.split(separator: " ").map(String.init)
        let result = try await directory.cp(options + [operand, "z"])
        #expect(result.errors == "")
        #expect(try await shell("readlink z", in: directory.path) == "\(operand)\n")
      }
      let whole = "\(directory.path)/.//x//y"
      #expect(try await directory.cp("-s", whole, "w").status == 0)
      #expect(try await shell("readlink w", in: directory.path) == "\(whole)\n")
    }
  }
}
