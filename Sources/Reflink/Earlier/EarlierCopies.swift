import SystemPackage

/// What one operand's copy builds on; see `CopyBasis`.
final class EarlierCopies: Sendable {
  private let copies: [EarlierTree]
  private let snapshot: EarlierTree?
  private let ignoresTimes: Bool

  /// Opens what the basis names.
  init(
    _ basis: CopyBasis, of source: OwnedLocation, to destination: OwnedLocation
  ) throws(ReflinkError) {
    func fail(_ path: FilePath, _ code: ReflinkError.Code, _ reason: String) -> ReflinkError {
      ReflinkError(
        code: code, operation: .prepare, source: path, destination: destination.path, reason: reason
      )
    }
    func open(_ path: FilePath, _ parent: DirectoryPath) throws(ReflinkError) -> EarlierTree {
      do throws(SystemError) {
        return try EarlierTree(path, for: parent)
      } catch {
        throw error.during(.open(.source), path, destination.path)
      }
    }
    guard basis.copies.count <= CopyBasis.mostCopies else {
      throw fail(
        source.path, .invalidArgument, "more than \(CopyBasis.mostCopies) earlier copies")
    }
    var copies: [EarlierTree] = []
    for path in basis.copies {
      let tree = try open(path, destination.directory.path)
      guard !tree.isElsewhere(than: destination) else {
        throw fail(
          path, .crossDevice,
          "an earlier copy is of use on the destination's file system only")
      }
      copies.append(tree)
    }
    self.copies = copies
    ignoresTimes = basis.ignoresTimes
    if let path = basis.snapshot {
      let tree = try open(path, source.directory.path)
      guard !tree.isElsewhere(than: source) else {
        throw fail(
          path, .crossDevice,
          "a clone of the source is on the source's file system")
      }
      snapshot = tree
    } else {
      snapshot = nil
    }
  }

  /// What there is of a regular file.
  enum Found: ~Copyable {
    case none
    /// It has the source's size and time.
    case unchanged(EarlierFile)
    case changed(EarlierFile)
  }

  /// The first earlier copy that counts as what the source is now, else the first that there is.
  func find(_ status: FileStatus, _ destination: Location) -> Found {
    var changed: EarlierFile?
    for tree in copies {
      guard let file = tree.file(for: destination) else { continue }
      if !ignoresTimes, file.status.size == status.size, status.hasTime(of: file.status) {
        return .unchanged(file)
      }
      if changed == nil { changed = consume file }
    }
    guard let file = changed.take() else { return .none }
    return .changed(file)
  }

  /// The earlier clone of a regular file from which its earlier copy was made. None where times are not to be relied
  /// upon, which tell that.
  func snapshot(
    of source: Location, _ identity: FileStatus.Identity, _ copy: borrowing EarlierFile
  ) -> EarlierFile? {
    // A name of the source itself is no clone of it.
    guard !ignoresTimes, let file = snapshot?.file(for: source), file.status.identity != identity,
      file.isOrigin(of: copy)
    else { return nil }
    return file
  }
}
