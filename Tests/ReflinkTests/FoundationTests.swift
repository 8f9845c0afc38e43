import Foundation
import ReflinkFoundation
import SystemPackage
import TestSupport
import Testing

/// For those who use Foundation: URLs, dates, localized errors, and reports as JSON.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct FoundationTests {
  @Test func verbsTakeURLs() async throws {
    try await withDirectory(on: .xfs) { directory in
      try await shell("mkdir 's p'; echo x >'s p/a b%20'", in: directory.path)
      let base = URL(fileURLWithPath: directory.path, isDirectory: true)
      let file = base.appending(path: "s p/a b%20")
      #expect(try await copyFile(file, to: base.appending(path: "c c")).total == 2)
      #expect(try await cloneFile(file, to: base.appending(path: "d")).method == .cloned)
      #expect(
        try await copyTree(base.appending(path: "s p"), to: base.appending(path: "t")).files == 1)
      _ = try await snapshot(file, as: base.appending(path: "snap"))
      #expect(try directory.names() == ["c c", "d", "s p", "snap", "t"])
      let page = try #require(URL(string: "https://example.org/a"))
      do throws(ReflinkError) {
        _ = try await copyFile(page, to: file)
        Issue.record("a page is no file")
      } catch {
        #expect(error.code == .invalidArgument)
        #expect(error.localizedDescription.contains("https:/example.org/a: it is not a file's URL"))
      }
    }
  }

  @Test func errorsAndTimesAreFoundations() {
    let error: any Error = ReflinkError(
      code: .notFound, operation: .open(.source), source: "/a", errno: .noSuchFileOrDirectory)
    #expect(error.localizedDescription == "cannot open /a: No such file or directory")
    let time = FileStatus.Time(seconds: 1_000_000_000, nanoseconds: 500_000_000)
    #expect(time.date == Date(timeIntervalSince1970: 1_000_000_000.5))
  }

  @Test func reportsAreCodable() async throws {
    try await withDirectory(on: .ext4) { directory in
      try directory.makeSparse("a", size: 1 << 20, data: [(at: 4096, count: 5000)])
      let outcome = try await copyFile(directory.file("a"), to: directory.file("b"))
      try check(outcome)
      var tree = TreeOutcome()
      tree.files = 2
      tree.errors = [
        ReflinkError(
          code: .notSupported(.other(.badAddress)), operation: .createSpecial(.fifo),
          source: "/a", destination: "/b", errno: .badAddress, reason: "why")
      ]
      try check(tree)
      try check(try await planTree(directory.file("a")))
      try check(try await Reflink.extents(of: directory.file("a")))
      try check(try await sharing(between: directory.file("a"), and: directory.file("b")))
      try check(try await probe(from: directory.file("a"), to: directory.file(".")))
      let text = String(decoding: try JSONEncoder().encode(outcome), as: UTF8.self)
      #expect(text.contains("\"holes\":") && !text.contains("foundHoles"))
    }
  }

  private func check<Report: Codable & Equatable>(_ report: Report) throws {
    let again = try JSONDecoder().decode(Report.self, from: try JSONEncoder().encode(report))
    #expect(again == report || "\(again)" == "\(report)")
  }
}
