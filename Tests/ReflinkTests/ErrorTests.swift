import Foundation
import Reflink
import SystemPackage
import TestSupport
import Testing

/// No error without a reason, and none that shows what the library does inside.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct ErrorTests {
  private func said(_ body: () throws -> Void) -> (ReflinkError.Code?, String) {
    let error = failure(body)
    return (error?.code, error?.description ?? "nothing was thrown")
  }

  @Test func ofRangesSayWhatDoesNotFit() async throws {
    try await withDirectory(on: .xfs) { directory in
      try directory.fill("a", 100_000)
      let (a, b) = (directory.file("a"), directory.file("b"))
      func of(_ range: Range<Int64>, _ offset: Int64) -> String {
        let (code, text) = said {
          _ = try Blocking.copyRange(from: a, range: range, to: b, at: offset)
        }
        #expect(code == .invalidArgument)
        return text.replacingOccurrences(of: directory.path, with: "")
      }
      #expect(
        of(0..<200_000, 0) == "cannot copy /a to /b: the range ends at 200000, the file at 100000")
      #expect(of(-5..<10, 0) == "cannot copy /a to /b: the range begins at -5")
      #expect(of(0..<10, -1) == "cannot copy /a to /b: the offset is -1")
      #expect(of(0..<10, .max) == "cannot copy /a to /b: no file is so long")
      let misaligned = said {
        _ = try Blocking.cloneRange(from: a, range: 0..<8192, to: b, at: 100)
      }
      #expect(misaligned.0 == .notSupported(.misaligned))
      #expect(misaligned.1.hasSuffix("the range and its place differ by no multiple of 4096 bytes"))
      let same = said { _ = try Blocking.copyRange(from: a, range: 0..<8192, to: a, at: 4096) }
      #expect(same.0 == .sameFile)
      #expect(same.1.hasSuffix("the range would overlap its copy"))
      #expect(try directory.names() == ["a"])
    }
  }

  @Test func ofDescriptorsNameThem() async throws {
    try await withDirectory(on: .xfs) { directory in
      try directory.fill("a", 5000)
      try directory.fill("b", 100)
      let source = try FileDescriptor.open(directory.file("a"), .readOnly)
      let appending = try FileDescriptor.open(directory.file("b"), .writeOnly, options: .append)
      let reading = try FileDescriptor.open(directory.file("b"), .readOnly)
      let closed = FileDescriptor(rawValue: 9999)
      defer { for file in [source, appending, reading] { try? file.close() } }
      let (code, text) = said { _ = try Blocking.copyFile(source, to: appending) }
      #expect(code == .invalidArgument)
      #expect(text.contains("descriptor \(appending.rawValue) is open for appending"), "\(text)")
      let (second, other) = said { _ = try Blocking.copyFile(source, to: reading) }
      #expect(second == .invalidArgument)
      #expect(
        other.contains("descriptor \(reading.rawValue) is not open for writing"), "\(other)")
      let (_, third) = said { _ = try Blocking.copyFile(closed, to: appending) }
      #expect(third.contains("descriptor 9999") && !third.contains("/proc"), "\(third)")
      let clone = said { _ = try Blocking.cloneFile(source, to: reading) }
      #expect(clone.0 == .invalidArgument)
      #expect(try directory.status("b").st_size == 100)
    }
  }

  @Test func sayWhatWasExpected() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell("mkdir d; echo x >a", in: directory.path)
      let (a, d) = (directory.file("a"), directory.file("d"))
      let b = directory.file("b")
      let tree = said { try syncCopy(d, b) }
      #expect(tree.0 == .wrongType && tree.1 == "\(d) is a directory: see copyTree")
      let probed = said { try syncProbe(d, d) }
      #expect(probed.0 == .wrongType && probed.1.hasSuffix("it is not a regular file"))
      let holes = said { try syncCopy(a, b, CopyOptions(cloning: .required, holes: .detect)) }
      #expect(holes.0 == .invalidArgument && holes.1.contains("keeps holes"))
      let long = said { try syncCopy(a, directory.file(String(repeating: "n", count: 300))) }
      #expect(long.0 == .invalidArgument)
      let cancelled = CopyController()
      cancelled.cancel()
      let gone = said { try syncCopy(a, b, controller: cancelled) }
      #expect(gone.0 == .cancelled && gone.1 == "cannot copy \(a) to \(b): cancelled")
    }
  }

  /// Outcomes show what a person wants to know.
  @Test func outcomesAreReadable() {
    var outcome = CopyOutcome()
    #expect("\(outcome)" == "no data")
    outcome.copied = 100
    outcome.holes = 4096
    outcome.clone = .refused(.otherFileSystem)
    #expect(
      "\(outcome)" == "100 bytes copied, 4096 bytes holes (not cloned: on another file system)")
    var tree = TreeOutcome()
    tree.files = 3
    tree.cloned = 12
    tree.skipped = 2
    #expect("\(tree)" == "3 files, 12 bytes cloned, 2 skipped")
  }
}
