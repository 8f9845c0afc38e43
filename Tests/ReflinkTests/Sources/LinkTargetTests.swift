import Foundation
import Reflink
import SystemPackage
import TestSupport
import Testing

/// Targets of symbolic links are bytes, not paths.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct LinkTargetTests {
  private static let targets: [[UInt8]] =
    [
      "a//b/", "./dir/", "//net/share", "https://example.org/x/", "a/./b/.", "../..//", "/", "//",
      "file/", " ", ".",
    ].map { Array($0.utf8) } + [
      [0xff, 0xfe, 0x2f, 0x2f, 0x80, 0x2f],
      // The longest that there is.
      Array((String(repeating: "abc//", count: 818) + "end//").utf8),
    ]

  /// XFS takes up to 1,024 bytes.
  private static func targets(on system: TestFileSystem) -> [[UInt8]] {
    targets.filter { system != .xfs || $0.count <= 1024 }
  }

  @Test(arguments: TestFileSystem.main, [false, true])
  func ofALinkAreKept(_ system: TestFileSystem, _ isAsync: Bool) async throws {
    try await withDirectory(on: system) { directory in
      for target in Self.targets(on: system) {
        try directory.makeLink("a", to: target)
        for (index, rule) in [ExistingRule.fail, .replace].enumerated() {
          if isAsync {
            _ = try await copyFile(directory.file("a"), to: directory.file("b"), ifExists: rule)
          } else {
            try syncCopy(directory.file("a"), directory.file("b"), CopyOptions(), rule)
          }
          #expect(try directory.target(of: "b") == target, "\(index)")
        }
        unlink(directory["a"])
        unlink(directory["b"])
      }
    }
  }

  @Test(arguments: TestFileSystem.main, [CopyOptions.Publication.inPlace, .temporary])
  func ofATreeAreKept(_ system: TestFileSystem, _ publication: CopyOptions.Publication) async throws
  {
    try await withDirectory(on: system) { directory in
      try await shell("mkdir s", in: directory.path)
      for (index, target) in Self.targets(on: system).enumerated() {
        try directory.makeLink("s/\(index)", to: target)
      }
      let options = CopyOptions(publication: publication)
      _ = try await copyTree(directory.file("s"), to: directory.file("t"), options: options)
      for (index, target) in Self.targets(on: system).enumerated() {
        #expect(try directory.target(of: "t/\(index)") == target)
      }
    }
  }
}

extension TestDirectory {
  fileprivate func makeLink(_ name: String, to target: [UInt8]) throws {
    let result = symlink((target + [0]).map { CChar(bitPattern: $0) }, self[name])
    guard result == 0 else { throw Errno(rawValue: errno) }
  }

  fileprivate func target(of name: String) throws -> [UInt8] {
    var bytes = [CChar](repeating: 0, count: 5000)
    let count = readlink(self[name], &bytes, bytes.count)
    guard count >= 0 else { throw Errno(rawValue: errno) }
    return bytes.prefix(count).map { UInt8(bitPattern: $0) }
  }
}
