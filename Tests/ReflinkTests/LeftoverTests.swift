import Foundation
import Reflink
import SystemPackage
import TestSupport
import Testing

/// What a copy that failed leaves is told, also what should have gone. In a directory that takes
/// new names and gives none away, nothing can be removed again.
@Suite(.onFileSystems, .timeLimit(.minutes(20))) struct LeftoverTests {
  @Test func aTemporaryFileThatCannotBeRemoved() async throws {
    try await withAppendOnlyDirectory { directory in
      try directory.fill("a", 5000)
      let options = CopyOptions(publication: .temporary)
      let error = failure { try syncCopy(directory.file("a"), directory.file("f/b"), options) }
      #expect(error?.code == .permissionDenied)
      #expect(error?.operation == .publish)
      try directory.expectOnlyName(in: "f", is: error)
    }
  }

  @Test func aFileThatWasMadeForARange() async throws {
    try await withAppendOnlyDirectory { directory in
      try directory.fill("a", 8192)
      let error = failure {
        _ = try Blocking.copyRange(
          from: directory.file("a"), range: 0..<4096, to: directory.file("f/b"), at: 0,
          cloning: .required)
      }
      #expect(error?.code == .notSupported(.notSupported))
      try directory.expectOnlyName(in: "f", is: error)
    }
  }

  @Test func aDirectoryThatWasToTryRenaming() async throws {
    try await withAppendOnlyDirectory { directory in
      try await shell("mkdir t", in: directory.path)
      let options = CopyOptions(publication: .unnamed)
      let error = failure { try syncCopyTree(directory.file("t"), directory.file("f/t"), options) }
      #expect(error?.code == .permissionDenied)
      try directory.expectOnlyName(in: "f", is: error)
    }
  }

  @Test func aTreeThatCannotBeRemovedByItsThread() async throws {
    try await aTreeThatCannotBeRemoved { source, destination, options, controller, listener in
      failure {
        try syncCopyTree(source, destination, options, controller: controller, listener: listener)
      }
    }
  }

  @Test func aTreeThatCannotBeRemovedInTurns() async throws {
    try await aTreeThatCannotBeRemoved { source, destination, options, controller, listener in
      do throws(ReflinkError) {
        _ = try await copyTree(
          source, to: destination, options: options, controller: controller, onEntry: listener)
        return nil
      } catch {
        return error
      }
    }
  }

  private func aTreeThatCannotBeRemoved(
    _ copy: (FilePath, FilePath, CopyOptions, CopyController, @escaping EntryListener) async throws
      -> ReflinkError?
  ) async throws {
    try await withDirectory(on: .ext4) { directory in
      try await shell(
        "mkdir -p t/d f; for i in {1..50}; do touch t/d/f$i; done", in: directory.path)
      let controller = CopyController()
      let listener: EntryListener = { entry, _, _ in
        guard case .file = entry, !controller.isCancelled else { return }
        // Its temporary name was tried before, and is to be given away now.
        try? directory.setAppendOnly("f", true)
        controller.cancel()
      }
      let error = try await copy(
        directory.file("t"), directory.file("f/t"), CopyOptions(publication: .unnamed), controller,
        listener)
      try directory.setAppendOnly("f", false)
      #expect(error?.code == .cancelled)
      try directory.expectOnlyName(in: "f", is: error)
      // All that could go is gone.
      let left = try #require(error?.leftover)
      #expect(try FileManager.default.contentsOfDirectory(atPath: left.string) == [])
    }
  }

  /// What a file in it left is gone with the tree.
  @Test func nothingOfATreeThatWasRemoved() async throws {
    try await withDirectory(on: .smallExt4) { directory in
      try await withDirectory(on: .xfs) { source in
        try await shell("mkdir t", in: source.path)
        try source.fill("t/a", 40 << 20)
        let options = CopyOptions(publication: .temporary, partialFiles: .keep)
        let error = failure { try syncCopyTree(source.file("t"), directory.file("t"), options) }
        #expect(error?.code == .noSpace)
        #expect(error?.leftover == nil)
        let task = Task.detached {
          try await copyTree(source.file("t"), to: directory.file("t"), options: options)
        }
        let other = await task.failure
        #expect(other?.code == .noSpace)
        #expect(other?.leftover == nil)
        #expect(try directory.names() == [])
      }
    }
  }

  @Test func aPartOfATreeThatWasCancelled() async throws {
    try await withDirectory(on: .xfs) { source in
      try await shell("mkdir t; mkfifo t/a", in: source.path)
      let options = CopyOptions(specialFiles: .readContents, partialFiles: .keep)
      let fifo = try FileDescriptor.open(source.file("t/a"), .readWrite)
      try fifo.writeAll([1, 2, 3])
      let task = Task.detached {
        try await copyTree(source.file("t"), to: source.file("u"), options: options)
      }
      // As long as somebody may write, there is no end to read.
      for _ in 0..<20_000 where (try? source.status("u/a").st_size) != 3 {
        try await Task.sleep(for: .milliseconds(5))
      }
      task.cancel()
      let error = await task.failure
      #expect(error?.code == .cancelled)
      #expect(error?.leftover == source.file("u/a"))
      #expect(try source.read("u/a") == [1, 2, 3])
      try fifo.close()
    }
  }

  @Test(arguments: [CopyOptions.PartialFiles.remove, .keep])
  func aPartialFile(_ rule: CopyOptions.PartialFiles) async throws {
    try await withDirectory(on: .smallExt4) { directory in
      try await withDirectory(on: .xfs) { source in
        try source.fill("a", 40 << 20)
        let options = CopyOptions(partialFiles: rule)
        let error = failure { try syncCopy(source.file("a"), directory.file("b"), options) }
        #expect(error?.code == .noSpace)
        #expect(error?.leftover == (rule == .keep ? directory.file("b") : nil))
        #expect(directory.exists("b") == (rule == .keep))
      }
    }
  }

  @Test func aFileThatWasOverwritten() async throws {
    try await withDirectory(on: .smallExt4) { directory in
      try await withDirectory(on: .xfs) { source in
        try source.fill("a", 40 << 20)
        try directory.fill("b", 5000)
        let from = try FileDescriptor.open(source.file("a"), .readOnly)
        let to = try FileDescriptor.open(directory.file("b"), .writeOnly)
        let error = failure { try syncCopy(from, to) }
        try from.close()
        try to.close()
        #expect(error?.code == .noSpace)
        #expect(error?.leftover == error?.destination)

        let named = failure {
          try syncCopyTree(
            source.file("a"), directory.file("b"), CopyOptions(), .policy { _ in .overwrite })
        }
        #expect(named?.code == .noSpace)
        #expect(named?.leftover == directory.file("b"))
      }
    }
  }
}

private func withAppendOnlyDirectory(_ body: (TestDirectory) async throws -> Void) async throws {
  try await withDirectory(on: .ext4) { directory in
    try await shell("mkdir f", in: directory.path)
    try directory.setAppendOnly("f", true)
    try await body(directory)
    try directory.setAppendOnly("f", false)
  }
}

extension TestDirectory {
  fileprivate func expectOnlyName(in subdirectory: String, is error: ReflinkError?) throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: self[subdirectory])
    #expect(names.count == 1)
    let left = try #require(error?.leftover)
    #expect(left == file(subdirectory).appending(names.first ?? ""))
    #expect(error?.description.contains("left behind: \(left)") ?? false)
  }
}
