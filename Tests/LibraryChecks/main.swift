import Glibc
import Reflink
import SystemPackage

// What the library does on file systems that the tests have not; see Scripts/check-filesystems and Scripts/vm-test.
//
//   library-checks DIRECTORY (clones | copies) (shared | unknown) (whole | clones)
//
// Whether it clones, whether extents prove it, and whether a snapshot of a file is the file system's own.
//
// One line for each check: "ok" or "BAD", and what it was.

let arguments = CommandLine.arguments
guard arguments.count == 5 else { exit(2) }
let directory = FilePath(arguments[1])
let clones = arguments[2] == "clones"
let isProven = arguments[3] == "shared"
let hasSnapshots = arguments[4] == "whole"

func path(_ name: String) -> FilePath { directory.appending(name) }

func check(_ what: String, _ isTrue: Bool, _ seen: Any = "") {
  print(isTrue ? "ok \(what)" : "BAD \(what): \(seen)")
}

func attempt(_ what: String, _ body: () throws -> Void) {
  do { try body() } catch { print("BAD \(what): \(error)") }
}

func bytes(_ count: Int) -> [UInt8] {
  var generator = SystemRandomNumberGenerator()
  return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
}

func write(_ data: [UInt8], to name: String) throws {
  let file = try FileDescriptor.open(
    path(name), .writeOnly, options: [.create, .truncate], permissions: [.ownerReadWrite])
  defer { try? file.close() }
  _ = try file.writeAll(data)
}

func read(_ name: String) throws -> [UInt8] {
  let file = try FileDescriptor.open(path(name), .readOnly)
  defer { try? file.close() }
  var data: [UInt8] = []
  var part = [UInt8](repeating: 0, count: 1 << 20)
  while true {
    let count = try unsafe part.withUnsafeMutableBytes { try unsafe file.read(into: $0) }
    if count == 0 { return data }
    data += part.prefix(count)
  }
}

let data = bytes((4 << 20) + 17)
attempt("the source") { try write(data, to: "a") }

attempt("cloneFile") {
  if clones {
    let outcome = try Blocking.cloneFile(path("a"), to: path("b"))
    check("cloneFile", outcome.method == .cloned, outcome)
    check("its data", try read("b") == data)
  } else {
    do {
      _ = try Blocking.cloneFile(path("a"), to: path("b"))
      check("cloneFile is refused", false)
    } catch let error as ReflinkError {
      if case .notSupported = error.code {
        check("cloneFile is refused", true)
      } else {
        check("cloneFile is refused", false, error)
      }
    }
  }
}

attempt("copyFile") {
  for (name, publication) in [
    ("in place", CopyOptions.Publication.inPlace), ("unnamed", .unnamed), ("temporary", .temporary),
  ] {
    let outcome = try Blocking.copyFile(
      path("a"), to: path("c"), options: CopyOptions(publication: publication), ifExists: .replace)
    check("copyFile, \(name)", try read("c") == data, outcome)
  }
}

attempt("cloneRange") {
  guard clones else { return }
  try write(bytes(6 << 20), to: "d")
  let before = try read("d")
  let outcome = try Blocking.cloneRange(
    from: path("a"), range: 1 << 20..<3 << 20, to: path("d"), at: 2 << 20)
  let expected = before[..<(2 << 20)] + data[(1 << 20)..<(3 << 20)] + before[(4 << 20)...]
  check("cloneRange", try read("d") == Array(expected), outcome)
}

attempt("copyRange") {
  try write(bytes(6 << 20), to: "d")
  let before = try read("d")
  let outcome = try Blocking.copyRange(
    from: path("a"), range: 1001..<3_000_003, to: path("d"), at: 777)
  let expected = before[..<777] + data[1001..<3_000_003] + before[(777 + 2_999_002)...]
  check("copyRange, not aligned", try read("d") == Array(expected), outcome)
}

attempt("sharing") {
  guard clones else { return }
  let report = try Blocking.sharing(between: path("a"), and: path("b"))
  check("sharing", report.verdict == (isProven ? .all : .unknown), report)
}

attempt("probe") {
  let report = try Blocking.probe(from: path("a"), to: directory)
  check("probe", (report.mechanism == .clone) == clones, report)
}

attempt("snapshot") {
  guard clones else { return }
  let outcome = try Blocking.snapshot(path("a"), as: path("s"))
  check("snapshot of a file", (outcome == .fileSystem) == hasSnapshots, outcome)
  check("its data", try read("s") == data)
}

attempt("a second copy") {
  var changed = data
  changed[2_000_000] &+= 1
  try write(changed, to: "a")
  let outcome = try Blocking.copyFile(
    path("a"), to: path("e"), basedOn: CopyBasis([path("c")]))
  check("a second copy", try read("e") == changed, outcome)
  if clones {
    let written = outcome.update?.written ?? -1
    check("of which a block was written", written > 0 && written <= 1 << 20, outcome)
  }
}

attempt("changedRanges") {
  guard clones else { return }
  let ranges = try Blocking.changedRanges(of: path("a"), since: path("b"))
  let (size, places) = (Int64(data.count), ranges.changed)
  check("changedRanges", places.contains { $0.contains(2_000_000) }, ranges)
  check("of the whole", ranges.size == size && ranges.bytesChanged <= size, ranges)
}

attempt("deduplicate") {
  try write(data, to: "f")
  do {
    let outcome = try Blocking.deduplicate(path("f"), with: path("b"))
    check("deduplicate", try read("f") == data, outcome)
  } catch let error as ReflinkError {
    if case .notSupported = error.code {
      check("deduplicate is refused", true)
    } else {
      check("deduplicate", !clones, error)
    }
  }
}
