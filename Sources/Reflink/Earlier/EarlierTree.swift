import Synchronization
import SystemPackage

/// A regular file of an earlier copy, opened.
struct EarlierFile: ~Copyable {
  let descriptor: Descriptor
  let status: FileStatus
  let path: FilePath
}

extension EarlierFile {
  /// Whether a copy was made of this file as it is, and nothing was written to it since: the copy has its size and time,
  /// and came into being after its last change, by one clock, which is that of this system on XFS and Btrfs.
  func isOrigin(of copy: borrowing EarlierFile) -> Bool {
    guard copy.status.size == status.size, status.hasTime(of: copy.status),
      let type = try? copy.descriptor.fileSystemType(), type == .xfs || type == .btrfs,
      let made = copy.descriptor.created()
    else { return false }
    return status.changed < made
  }
}

/// An earlier copy, or an earlier clone of the source: one file, or a directory, whose entries are found
/// by the places that they have in what is copied now.
final class EarlierTree: Sendable {
  private enum Root: Sendable {
    case file(OwnedLocation)
    case directory(Directory)
  }
  private let root: Root
  /// The directory that holds the copied entry: what is below it is below the root.
  private let parent: DirectoryPath
  /// Directories that were opened last, the newest last; nil for one that is not there.
  private let opened = Mutex<[(path: DirectoryPath, directory: Directory?)]>([])

  private static var mostOpened: Int { 8 }

  /// Opens the root, which may be a link.
  init(_ path: FilePath, for parent: DirectoryPath) throws(SystemError) {
    self.parent = parent
    let name = OwnedName(path)
    switch Directory.open(name) {
    case .directory(let directory): root = .directory(directory)
    case .failed(.notDirectory): root = .file(try OwnedLocation(resolving: name))
    case .failed(let errno): throw SystemError(call: .open, errno: errno)
    }
  }

  /// Whether it is on another file system than an entry, or than the directory that this is to be made in. False where
  /// nobody can tell.
  func isElsewhere(than entry: OwnedLocation) -> Bool {
    let mine: Descriptor?
    switch root {
    case .directory(let root): mine = try? root.open(.dot, .directory)
    case .file(let file): mine = try? file.directory.open(.dot, .directory)
    }
    let inside = try? entry.with { (entry) throws(SystemError) in try entry.open(.directory) }
    guard let mine, let theirs = inside ?? (try? entry.directory.open(.dot, .directory)) else {
      return false
    }
    return !mine.isOnFileSystem(of: theirs)
  }

  /// The file that stands for `location`; nil where there is none, or where it cannot be read. Below the root no
  /// link is followed.
  func file(for location: Location) -> EarlierFile? {
    switch root {
    case .file(let file):
      guard location.directory.path === parent else { return nil }
      return file.with { Self.open($0, []) }
    case .directory:
      guard location.directory.path !== parent,
        let directory = directory(for: location.directory.path)
      else { return nil }
      return Self.open(Location(directory, location.name), .noFollow)
    }
  }

  private static func open(_ location: Location, _ flags: OpenFlags) -> EarlierFile? {
    guard let file = try? location.open(flags.union(.nonBlocking)), let status = try? file.status(),
      status.type == .regular
    else { return nil }
    return EarlierFile(descriptor: file, status: status, path: location.path)
  }

  /// The directory that stands for one of what is copied now.
  private func directory(for path: DirectoryPath) -> Directory? {
    let known = opened.withLock { opened in
      opened.first { $0.path === path }
    }
    if let known { return known.directory }
    let found = find(path)
    opened.withLock { opened in
      if opened.count == Self.mostOpened { opened.removeFirst() }
      opened.append((path, found))
    }
    return found
  }

  private func find(_ path: DirectoryPath) -> Directory? {
    guard case .directory(let root) = root else { return nil }
    // The names from the root's on, which has another.
    var names: [OwnedName] = []
    var next: DirectoryPath? = path
    while let directory = next, directory !== parent {
      names.append(directory.name)
      next = directory.outer
    }
    guard next === parent, !names.isEmpty else { return nil }
    var directory = root
    for name in names.dropLast().reversed() {
      guard let inner = try? directory.open(name, [.reference, .directory, .noFollow]) else {
        return nil
      }
      directory = Directory(inner, DirectoryPath(name, in: directory.path))
    }
    return directory
  }
}
