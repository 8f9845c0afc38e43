/// Held while a link or a node has a temporary name, since neither can be locked itself, and while a
/// directory has one and is not locked yet: a shared lock of
/// the directory that it is in; flock(2). Whoever removes leftovers there takes the exclusive one.
final class NameLock: Sendable {
  private let directory: Descriptor

  /// Nil where somebody else has locked the directory, who is not waited for.
  init?(_ directory: Directory) {
    guard let opened = try? directory.open(.dot, .directory),
      (try? opened.tryLock(shared: true)) ?? false
    else { return nil }
    self.directory = opened
  }

  deinit { directory.unlock() }
}
