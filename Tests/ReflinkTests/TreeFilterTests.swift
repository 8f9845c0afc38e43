import Foundation
import Reflink
import SystemPackage
import TestSupport
import Testing

/// What of a tree is copied.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct TreeFilterTests {
  private static let tree = """
    mkdir -p s/src/deep s/.git/objects s/build; touch s/a.txt s/b.log s/.hidden s/src/c.txt \
      s/src/d.log s/src/deep/e.log s/.git/objects/x s/build/out.txt s/src/build; ln -s a.txt s/link
    """

  @Test(
    arguments: [
      ([], ["-"], "nothing is left out"),
      ([.exclude("*.log")], ["b.log", "src/d.log", "src/deep/e.log"], "a name, at any depth"),
      ([.exclude("/b.log")], ["b.log"], "a path, from the top"),
      ([.exclude("src/*.log")], ["src/d.log"], "a wildcard stops at a slash"),
      ([.exclude("deep/*.log")], ["src/deep/e.log"], "the end of a path"),
      ([.exclude("/deep/*.log")], ["-"], "not of all of it"),
      ([.exclude("objects/")], [".git/objects", ".git/objects/x"], "a directory, at any depth"),
      ([.exclude("src/**.log")], ["src/d.log", "src/deep/e.log"], "two stars cross slashes"),
      (
        [.exclude("**/*.log")], ["b.log", "src/d.log", "src/deep/e.log"], "any directory, or none"
      ),
      (
        [.exclude("/**")],
        [
          ".git", ".git/objects", ".git/objects/x", ".hidden", "a.txt", "b.log", "build",
          "build/out.txt", "link", "src", "src/build", "src/c.txt", "src/d.log", "src/deep",
          "src/deep/e.log",
        ], "all"
      ),
      ([.exclude("build/")], ["build", "build/out.txt"], "directories only"),
      ([.exclude("build")], ["build", "build/out.txt", "src/build"], "directories and files"),
      (
        [.exclude(".*")], [".git", ".git/objects", ".git/objects/x", ".hidden"], "a dot is no wall"
      ),
      (
        [.include("src/d.log"), .exclude("*.log")], ["b.log", "src/deep/e.log"],
        "the first rule that fits"
      ),
      (
        [.include("*/"), .include("*.txt"), .exclude("*")],
        [
          ".git/objects/x", ".hidden", "b.log", "link", "src/build", "src/d.log", "src/deep/e.log",
        ], "some files and all directories"
      ),
      ([.exclude("[ab].*")], ["a.txt", "b.log"], "a class"),
    ] as [([EntryFilter.Rule], [String], String)])
  func filters(_ rules: [EntryFilter.Rule], _ missing: [String], _ what: String) async throws {
    try await withDirectory(on: .ext4) { directory in
      try await shell(Self.tree, in: directory.path)
      let filter = EntryFilter(rules)
      let outcome = try syncCopyTree(directory.file("s"), directory.file("t"), filter: filter)
      let difference = try await shell(
        "diff <(cd s; find . | sort) <(cd t; find . | sort) | sed -n 's|^< ./||p'",
        in: directory.path)
      let expected = missing.filter { $0 != "-" }
      #expect(
        difference.split(separator: "\n").map(String.init).sorted() == expected.sorted(), "\(what)")
      // A plan with the same filter counts the same.
      let plan = try await planTree(directory.file("s"), filter: filter)
      #expect(plan.files == outcome.files)
      #expect(plan.directories == outcome.directories)
      #expect(plan.symbolicLinks == outcome.symbolicLinks)
      #expect(plan.excluded == outcome.excluded)
      #expect((outcome.excluded > 0) == !expected.isEmpty)
    }
  }
}
