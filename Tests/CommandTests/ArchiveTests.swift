import Foundation
import TestSupport
import Testing

/// Trees with everything in them, copied by cp and by us, and compared entry by entry.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct ArchiveTests {
  private let tree = """
    set -e
    mkdir -p src && cd src
    mkdir -p d/sub "d/with space" ro setgid sticky
    echo hi > d/f; ln d/f d/sub/hard; ln d/f top; ln -s f d/link; ln -s /nonexistent d/dangling
    ln -s . d/self; mkfifo -m 620 d/fifo; mknod d/null c 1 3; mknod d/loop b 7 99; chmod 640 d/loop
    printf x > "$(printf 'd/n\\377\\376\\nx')"; echo y > "d/'quote"; echo z > d/-dash
    echo long > "d/$(printf 'n%.0s' {1..255})"
    for n in 0 1 2048 4095 4096 4097 262143 262144 262145 5000000; do head -c $n /dev/urandom > d/s$n; done
    head -c 5000 /dev/urandom | dd of=d/sparse bs=4k seek=256 status=none
    head -c 70000 /dev/urandom | dd of=d/sparse bs=4k seek=2048 conv=notrunc status=none
    truncate -s 32M d/sparse; truncate -s 3M d/hole
    fallocate -l 2M d/prealloc; echo data | dd of=d/prealloc conv=notrunc status=none
    setfattr -n user.color -v blue d/f; setfattr -n user.empty d/s1; setfattr -n user.dir -v v d
    setfattr -h -n trusted.t -v secret d/link; setcap cap_net_raw+ep d/s5000000
    setfacl -m u:1234:rw- d/s4096; setfacl -d -m g:55:rwx d/sub; setfacl -m u:99:r-x ro
    chown 1000:1001 d/s4097; chown -h 12:34 d/link; chown 77:88 d/s4095; chmod 4711 d/s4095
    chown 1000 setgid; chmod 2755 d/s2048; chmod 2775 setgid; chmod 1777 sticky
    echo r > ro/inside; chmod 444 ro/inside; chmod 555 ro; chmod 000 d/s262143
    touch -d '1999-12-31 23:59:59.123456789' d/f d/sub; touch -d '1960-01-01 00:00:00.5' d/s0
    touch -h -d '2001-02-03 04:05:06.987654321' d/link d/fifo d/null
    touch -d 2020-01-01 ro sticky d .
    """

  /// Everything that tells two trees apart, one line an entry; `TREE` is the tree.
  private let describe = #"""
    cd TREE
    find . -mindepth 0 -printf '%p|%y|%m|%U:%G|%T@|%n|%s|%l|' \( -type f -printf '%A@|' -o -true \) -printf '\0' |
      sort -z | tr '\n\0' '?\n' | sed -E 's/^([^|]*\|d(\|[^|]*){3})\|[0-9]+\|[0-9]+/\1/'
    find . -type b -o -type c | sort | xargs stat -c '%n %t:%T'
    getfattr -hR -d -m - -e hex . 2>/dev/null | sed -n '/SGI_ACL/d;p' | sort
    find . -type f -links +1 -printf '%i %p\n' | sort | awk '{a[$1]=a[$1]" "$2} END {for (i in a) print a[i]}' | sort
    find . -type f -print0 | sort -z | xargs -0 sha1sum | tr '\0' '?'
    """#

  @Test(
    arguments: TestFileSystem.main,
    [
      "-a", "-r", "-rp", "-rd", "-rpd", "-r --preserve=ownership", "-r --preserve=xattr",
      "-r --preserve=mode", "-r --preserve=links", "-r --preserve=all", "-r --no-preserve=mode",
      "-a --no-preserve=mode",
    ])
  func isWhatCpMakes(_ system: TestFileSystem, _ options: String) async throws {
    try await withDirectory(on: system) { directory in
      try await shell(tree, in: directory.path)
      // Also in a directory whose access control list new entries inherit.
      try await shell("mkdir -p rule; setfacl -d -m u:5:rwx rule", in: directory.path)
      for (place, mask) in [("", "022"), ("", "077"), ("rule/", "022")] {
        let arguments = options.split(separator: " ").map(String.init)
        let theirs = try await directory.cp(
          arguments + ["src", "\(place)copy"], executable: "/bin/cp", before: "umask \(mask)")
        var expected = try await description(directory, "\(place)copy", options)
        let allowed = try await blocks(directory, "\(place)copy")
        try await shell("rm -rf '\(place)copy'", in: directory.path)

        let ours = try await directory.cp(
          arguments + ["src", "\(place)copy"], before: "umask \(mask)")
        let made = try await description(directory, "\(place)copy", options)
        #expect(ours.errors == theirs.errors)
        #expect(ours.status == theirs.status)
        if expected != made {
          expected.removeAll { made.contains($0) }
          Issue.record("\(mask) \(place): cp's: \(expected), ours: \(made)")
        }
        let used = try await blocks(directory, "\(place)copy")
        for (name, count) in used { #expect(count <= allowed[name] ?? 0, "\(name)") }
        try await shell("rm -rf '\(place)copy'", in: directory.path)
      }
    }
  }

  /// Times that a copy does not keep are its own.
  private func description(
    _ directory: TestDirectory, _ tree: String, _ options: String
  ) async throws -> [String] {
    let keepsTimes =
      options == "-a" || options.contains("p") && !options.contains("=")
      || options.contains("=all")
    let text = try await shell(describe.replacing("TREE", with: tree), in: directory.path)
    return text.split(separator: "\n").map {
      keepsTimes ? String($0) : String($0).replacing(#/\|\d+\.\d{10}/#, with: "")
    }
  }

  /// 512-byte blocks of each file, once written out.
  private func blocks(_ directory: TestDirectory, _ tree: String) async throws -> [String: Int] {
    let list = try await shell(
      "sync -f .; find \(tree) -type f -printf '%b %p\\0'", in: directory.path)
    var blocks: [String: Int] = [:]
    for entry in list.split(separator: "\0") {
      let parts = entry.split(separator: " ", maxSplits: 1)
      blocks[String(parts[1])] = Int(parts[0])
    }
    return blocks
  }

  @Test(arguments: [TestFileSystem.xfs, .btrfs])
  func everyFileOfATreeIsShared(_ system: TestFileSystem) async throws {
    try await withDirectory(on: system) { directory in
      try await shell(
        "mkdir -p s/d; for i in {1..50}; do head -c $((i * 1000)) /dev/urandom > s/d/$i; done",
        in: directory.path)
      #expect(try await directory.cp("-a", "--reflink=always", "s", "t").status == 0)
      for index in 3...50 {
        #expect(
          try directory.sharedBytes("s/d/\(index)", "t/d/\(index)")
            == directory.dataBytes("s/d/\(index)")
        )
      }
    }
  }

  @Test func hardLinksAcrossOperandsStay() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell("echo x > a; ln a b; mkdir s t; ln a s/c", in: directory.path)
      #expect(try await directory.cp("-a", "a", "b", "s", "t").status == 0)
      #expect(try directory.status("t/a").st_nlink == 3)
      // And once more, over what is there.
      #expect(try await directory.cp("-a", "a", "b", "s", "t").status == 0)
      #expect(try directory.status("t/a").st_nlink == 3)
      #expect(try directory.status("t/s/c").st_ino == directory.status("t/b").st_ino)
    }
  }

  @Test func namesOfOneFileThatAreThereGetEachTheirOwnData() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell(
        "mkdir s d; echo A > s/a; echo B > s/b; echo x > d/a; ln d/a d/b", in: directory.path)
      #expect(try await directory.cp("-a", "s/.", "d/").status == 0)
      #expect(try directory.read("d/a") == Array("A\n".utf8))
      #expect(try directory.read("d/b") == Array("B\n".utf8))
    }
  }

  @Test func aSkippedHardLinkIsNotCalledCopied() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell(
        "mkdir -p s t/s; echo 1 > s/a; ln s/a s/b; echo 2 > t/s/b", in: directory.path)
      let result = try await directory.cp("-avn", "s", "t")
      #expect(!result.output.contains("t/s/b"))
      #expect(try directory.read("t/s/b") == Array("2\n".utf8))
    }
  }

  @Test func verboseNamesEveryEntryAsCpDoes() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell("mkdir -p s/d; echo x > s/d/f; ln -s f s/d/l; mkfifo s/p", in: directory.path)
      let ours = try await directory.cp("-av", "s", "t")
      let sorted = ours.output.split(separator: "\n").sorted()
      try await shell("rm -rf t", in: directory.path)
      let theirs = try await directory.gnuCp("-av", "s", "t")
      #expect(sorted == theirs.output.split(separator: "\n").sorted())
    }
  }

  @Test func aFailedEntryIsToldAndTheRestIsCopied() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell(
        "mkdir -p s t/s/b; echo 1 > s/a; echo 2 > s/b; echo 3 > s/c", in: directory.path)
      let ours = try await directory.cp("-r", "s", "t")
      #expect(ours.status == 1)
      #expect(ours.errors == "cp: cannot overwrite directory 't/s/b' with non-directory 's/b'\n")
      #expect(try directory.read("t/s/c") == Array("3\n".utf8))
    }
  }

  @Test func aDirectoryIsNotCopiedIntoItself() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell("mkdir -p s/d; echo x > s/d/f", in: directory.path)
      let result = try await directory.cp("-r", "s", "s/d/t")
      #expect(result.status == 1)
      #expect(result.errors == "cp: cannot copy a directory, 's', into itself, 's/d/t'\n")
    }
  }
}
