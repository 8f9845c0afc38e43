import TestSupport
import Testing

@Suite(.onFileSystems) struct BasicTests {
  @Test(arguments: TestFileSystem.all)
  func copiesAFile(_ system: TestFileSystem) async throws {
    try await withFolder(on: system) { folder in
      try folder.fill("a", 5000)
      let result = try await folder.cp("a", "b")
      #expect(result.status == 0)
      #expect(result.output + result.errors == "")
      #expect(try folder.read("a") == folder.read("b"))
    }
  }
}
