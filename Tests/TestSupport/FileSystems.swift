import Foundation
import Subprocess
import SystemPackage
import Testing

/// The real file systems that tests run on, each on a loop device of its own,
/// mounted once a run. `Scripts/test` gives the run a mount namespace, so that
/// all of it is gone with the last process of the run, however that ends.
public enum TestFileSystem: String, CaseIterable, Sendable, Codable, CustomTestStringConvertible {
  case xfs, xfsSmallBlocks, xfsWithoutReflink, btrfs, btrfsCompressed, ext4, overlay, tmpfs
  /// Too small for what some tests write.
  case smallExt4
  /// Without access control lists.
  case noListsBtrfs
  /// FUSE, without unnamed files, RENAME_NOREPLACE, FIEMAP and FICLONE.
  case fuse
  /// For tests that measure the space left.
  case quietXfs, quietBtrfs, quietExt4

  /// Where files can share.
  public static let clonable: [TestFileSystem] = [
    .xfs, .xfsSmallBlocks, .btrfs, .btrfsCompressed, .overlay,
  ]
  /// Where they cannot.
  public static let copying: [TestFileSystem] = [.ext4, .xfsWithoutReflink, .tmpfs]
  public static let all = clonable + copying
  /// Where one test runs at a time: the space that one takes is missing for the others.
  static let measured: [TestFileSystem] = [.smallExt4, .quietXfs, .quietBtrfs, .quietExt4]
  /// The three that users have.
  public static let main: [TestFileSystem] = [.xfs, .btrfs, .ext4]

  public var testDescription: String { rawValue }
  public var isBtrfs: Bool { rawValue.lowercased().contains("btrfs") }

  /// Where it is mounted.
  public var root: String { "\(Mounts.base)/\(rawValue)" }

  /// The commands that make and mount it at `$at`, with `$image` to hold it.
  fileprivate var recipe: String {
    func image(_ size: String, _ mkfs: String, _ options: String = "noatime") -> String {
      """
      truncate -s \(size) "$image"; \(mkfs) "$image" >/dev/null
      mount -o loop,\(options) "$image" "$at"; rm "$image"
      """
    }
    return switch self {
    // A clone needs room in the very allocation group that its blocks are in.
    case .xfs, .quietXfs: image("64G", "mkfs.xfs -q -m reflink=1")
    case .xfsSmallBlocks: image("2G", "mkfs.xfs -q -m reflink=1 -b size=1024")
    case .xfsWithoutReflink: image("4G", "mkfs.xfs -q -m reflink=0")
    case .btrfs:
      image("8G", "mkfs.btrfs -q") + """

        btrfs -q subvolume create "$at/one"; btrfs -q subvolume create "$at/two"
        echo kept > "$at/one/kept"; btrfs -q subvolume snapshot -r "$at/one" "$at/snapshot"
        mkdir "$at/nocow"; chattr +C "$at/nocow"
        """
    case .quietBtrfs: image("8G", "mkfs.btrfs -q")
    case .btrfsCompressed: image("4G", "mkfs.btrfs -q", "noatime,compress=zstd")
    case .ext4, .quietExt4: image("8G", "mkfs.ext4 -q")
    case .noListsBtrfs: image("256M", "mkfs.btrfs -q", "noatime,noacl")
    case .smallExt4: image("24M", "mkfs.ext4 -q")
    case .overlay:
      """
      lower="$base/xfs/.lower"; upper="$base/xfs/.upper"; work="$base/xfs/.work"
      mkdir "$lower" "$upper" "$work"
      dd if=/dev/urandom of="$lower/lower-file" bs=1M count=2 status=none
      mount -t overlay -o "lowerdir=$lower,upperdir=$upper,workdir=$work" overlay "$at"
      """
    case .fuse: "mkdir \"$base/xfs/.under\"; bindfs \"$base/xfs/.under\" \"$at\""
    case .tmpfs: "mount -t tmpfs -o size=3G tmpfs \"$at\""
    }
  }
}

/// Whether this run has the file systems; else tests on them are skipped, and say so.
public enum Mounts {
  private static let environment = ProcessInfo.processInfo.environment

  /// Set by `Scripts/test` once it has made the namespace.
  static let base = environment["REFLINK_TEST_FILE_SYSTEMS"] ?? ""
  public static var areAvailable: Bool { !base.isEmpty }
  /// Set by `Scripts/test --require-filesystems`.
  static let areRequired = environment["REFLINK_REQUIRE_FILE_SYSTEMS"] != nil

  /// Made by the first test that asks; the others wait for it.
  private static let mounted = Task {
    for system in TestFileSystem.allCases {
      try await shell(
        """
        set -e; base='\(base)'; at='\(system.root)'
        image=$(mktemp "${TMPDIR:-/tmp}/reflink-test-image.XXXXXX")
        trap 'rm -f "$image"' EXIT
        mkdir -p "$at"; \(system.recipe)
        chmod 1777 "$at"
        """)
    }
  }

  static func prepare() async throws {
    try await mounted.value
  }
}

extension Trait where Self == ConditionTrait {
  /// For tests that need the real file systems.
  public static var onFileSystems: Self {
    .enabled(
      if: Mounts.areAvailable || Mounts.areRequired,
      "needs root and mkfs: run Scripts/test as root")
  }
}

/// Runs a script of a test's set-up; a failure is the test's.
@discardableResult
public func shell(_ script: String, in directory: String? = nil) async throws -> String {
  let result = try await run(
    .path("/bin/bash"), arguments: ["-c", script],
    workingDirectory: directory.map { FilePath($0) },
    output: .string(limit: 1 << 24), error: .string(limit: 1 << 20))
  guard result.terminationStatus.isSuccess else {
    throw ShellFailure(script: script, message: result.standardError)
  }
  return result.standardOutput
}

struct ShellFailure: Error, CustomStringConvertible {
  var script: String
  var message: String
  var description: String { "\(script)\nfailed: \(message)" }
}
