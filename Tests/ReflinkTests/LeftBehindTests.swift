import Foundation
import Reflink
import SystemPackage
import TestSupport
import Testing

/// What a copy that failed leaves is told, also what should have gone. In a folder that takes
/// new names and gives none away, nothing can be removed again.
@Suite(.onFileSystems, .timeLimit(.minutes(4))) struct LeftBehindTests {
  @Test func aTemporaryFileThatCannotBeRemoved() async throws {
    try await withAppendOnlyFolder { folder in
      try folder.fill("a", 5000)
      let options = CopyOptions(publication: .temporary)
      let error = failure { try syncCopy(folder.file("a"), folder.file("f/b"), options) }
      #expect(error?.code == .permissionDenied)
      #expect(error?.operation == .publish)
      try folder.expectOnlyName(in: "f", is: error)
    }
  }

  @Test func aFileThatWasMadeForARange() async throws {
    try await withAppendOnlyFolder { folder in
      try folder.fill("a", 8192)
      let error = failure {
        _ = try cloneRange(
          from: folder.file("a"), range: 0..<4096, to: folder.file("f/b"), at: 0,
          cloning: .required)
      }
      #expect(error?.code == .notSupported(.notSupported))
      try folder.expectOnlyName(in: "f", is: error)
    }
  }

  @Test func aFolderThatWasToTryRenaming() async throws {
    try await withAppendOnlyFolder { folder in
      try await shell("mkdir t", in: folder.path)
      let options = CopyOptions(publication: .unnamed)
      let error = failure { try syncCopyTree(folder.file("t"), folder.file("f/t"), options) }
      #expect(error?.code == .permissionDenied)
      try folder.expectOnlyName(in: "f", is: error)
    }
  }

  @Test func aTreeThatCannotBeRemovedByItsThread() async throws {
    try await aTreeThatCannotBeRemoved { source, destination, options, control, listener in
      failure {
        try syncCopyTree(source, destination, options, control: control, listener: listener)
      }
    }
  }

  @Test func aTreeThatCannotBeRemovedInTurns() async throws {
    try await aTreeThatCannotBeRemoved { source, destination, options, control, listener in
      do throws(ReflinkError) {
        _ = try await copyTree(
          source, to: destination, options: options, control: control, listener: listener)
        return nil
      } catch {
        return error
      }
    }
  }

  private func aTreeThatCannotBeRemoved(
    _ copy: (FilePath, FilePath, CopyOptions, Control, @escaping EntryListener) async throws
      -> ReflinkError?
  ) async throws {
    try await withFolder(on: .ext4) { folder in
      try await shell("mkdir -p t/d f; for i in {1..50}; do touch t/d/f$i; done", in: folder.path)
      let control = Control()
      let listener: EntryListener = { entry, _, _ in
        guard case .file = entry, !control.isCancelled else { return }
        // Its temporary name was tried before, and is to be given away now.
        try? folder.setAppendOnly("f", true)
        control.cancel()
      }
      let error = try await copy(
        folder.file("t"), folder.file("f/t"), CopyOptions(publication: .unnamed), control,
        listener)
      try folder.setAppendOnly("f", false)
      #expect(error?.code == .cancelled)
      try folder.expectOnlyName(in: "f", is: error)
      // All that could go is gone.
      let left = try #require(error?.leftBehind)
      #expect(try FileManager.default.contentsOfDirectory(atPath: left.string) == [])
    }
  }

  /// What a file in it left is gone with the tree.
  @Test func nothingOfATreeThatWasRemoved() async throws {
    try await withFolder(on: .smallExt4) { folder in
      try await withFolder(on: .xfs) { source in
        try await shell("mkdir t", in: source.path)
        try source.fill("t/a", 40 << 20)
        let options = CopyOptions(publication: .temporary, partialFiles: .keep)
        let error = failure { try syncCopyTree(source.file("t"), folder.file("t"), options) }
        #expect(error?.code == .noSpace)
        #expect(error?.leftBehind == nil)
        let task = Task.detached {
          try await copyTree(source.file("t"), to: folder.file("t"), options: options)
        }
        let other = await task.failure
        #expect(other?.code == .noSpace)
        #expect(other?.leftBehind == nil)
        #expect(try folder.names() == [])
      }
    }
  }

  @Test func aPartOfATreeThatWasCancelled() async throws {
    try await withFolder(on: .xfs) { source in
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
      #expect(error?.leftBehind == source.file("u/a"))
      #expect(try source.read("u/a") == [1, 2, 3])
      try fifo.close()
    }
  }

  @Test(arguments: [PartialFileRule.remove, .keep])
  func aPartialFile(_ rule: PartialFileRule) async throws {
    try await withFolder(on: .smallExt4) { folder in
      try await withFolder(on: .xfs) { source in
        try source.fill("a", 40 << 20)
        let options = CopyOptions(partialFiles: rule)
        let error = failure { try syncCopy(source.file("a"), folder.file("b"), options) }
        #expect(error?.code == .noSpace)
        #expect(error?.leftBehind == (rule == .keep ? folder.file("b") : nil))
        #expect(folder.exists("b") == (rule == .keep))
      }
    }
  }

  @Test func aFileThatWasOverwritten() async throws {
    try await withFolder(on: .smallExt4) { folder in
      try await withFolder(on: .xfs) { source in
        try source.fill("a", 40 << 20)
        try folder.fill("b", 5000)
        let from = try FileDescriptor.open(source.file("a"), .readOnly)
        let to = try FileDescriptor.open(folder.file("b"), .writeOnly)
        let error = failure { try syncCopy(from, to) }
        try from.close()
        try to.close()
        #expect(error?.code == .noSpace)
        #expect(error?.leftBehind == error?.destination)

        let named = failure {
          try syncCopyTree(
            source.file("a"), folder.file("b"), CopyOptions(), .decide { _ in .overwrite })
        }
        #expect(named?.code == .noSpace)
        #expect(named?.leftBehind == folder.file("b"))
      }
    }
  }
}

private func withAppendOnlyFolder(_ body: (TestFolder) async throws -> Void) async throws {
  try await withFolder(on: .ext4) { folder in
    try await shell("mkdir f", in: folder.path)
    try folder.setAppendOnly("f", true)
    try await body(folder)
    try folder.setAppendOnly("f", false)
  }
}

extension TestFolder {
  fileprivate func expectOnlyName(in subfolder: String, is error: ReflinkError?) throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: self[subfolder])
    #expect(names.count == 1)
    let left = try #require(error?.leftBehind)
    #expect(left == file(subfolder).appending(names.first ?? ""))
    #expect(error?.description.contains("left behind: \(left)") ?? false)
  }
}
