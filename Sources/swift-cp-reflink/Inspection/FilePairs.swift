import Reflink
import Synchronization
import SystemPackage

/// Two files, or each regular file of a tree and the one of the same path below another; nothing is copied.
struct FilePairs {
  private let first: OwnedName
  private let second: OwnedName
  private let settings: Settings

  init(_ first: OwnedName, _ second: OwnedName, _ settings: Settings) {
    self.first = first
    self.second = second
    self.settings = settings
  }

  /// Calls `visit` for each pair, on the calling thread, and `fail` for what cannot be looked at.
  func visit(
    fail: @escaping @Sendable (ReflinkError) -> Void,
    visit: @escaping @Sendable (FilePath, FilePath) -> Void
  ) {
    guard let one = EntryIdentity(first, follow: true) else { return fail(isMissing(first)) }
    guard let other = EntryIdentity(second, follow: true) else { return fail(isMissing(second)) }
    guard one.isDirectory == other.isDirectory else {
      return fail(
        ReflinkError(
          code: .wrongType, operation: .inspect, source: second.path,
          reason: "one of the two is a directory"))
    }
    let (root, below) = (first.path.components.count, second.path)
    let isAnySeen = Atomic(false)
    do throws(ReflinkError) {
      try visitFiles(
        first, settings.copyOptions, settings.filter, interruption: .ofCommand,
        report: {
          isAnySeen.store(true, ordering: .relaxed)
          fail($0)
        },
        visit: { path in
          isAnySeen.store(true, ordering: .relaxed)
          visit(path, path.components.dropFirst(root).reduce(into: below) { $0.append($1) })
        })
    } catch {
      return fail(error)
    }
    if !one.isDirectory, !isAnySeen.load(ordering: .relaxed) {
      fail(
        ReflinkError(
          code: .wrongType, operation: .inspect, source: first.path,
          reason: "it is not a regular file"))
    }
  }

  private func isMissing(_ name: OwnedName) -> ReflinkError {
    ReflinkError(
      code: .notFound, operation: .examine(.source), source: name.path,
      errno: .noSuchFileOrDirectory)
  }
}
