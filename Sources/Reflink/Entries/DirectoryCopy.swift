import SystemPackage

/// A directory on its way: both sides open, its entries still to come, its attributes last
/// of all, since every new entry changes its times.
package final class DirectoryCopy: Sendable {
  package let source: Directory
  package let destination: Directory
  let status: FileStatus
  /// Made by this copy, not found there.
  package let isNew: Bool
  /// Whether what is in it is to be copied; not so on another file system, where
  /// one was asked for.
  let isEntered: Bool
  /// How it gets its name once it is complete, where it has another until then.
  let publication: DirectoryPublication?
  private let attributes: AttributeCopy?
  private let durability: CopyOptions.Durability

  init(
    source: Directory, destination: Directory, status: FileStatus, isNew: Bool, isEntered: Bool,
    publication: DirectoryPublication? = nil, attributes: AttributeCopy?,
    durability: CopyOptions.Durability
  ) {
    self.durability = durability
    self.publication = publication
    self.source = source
    self.destination = destination
    self.status = status
    self.isNew = isNew
    self.isEntered = isEntered
    self.attributes = attributes
  }

  /// Once all entries are in place.
  package func finish() throws(ReflinkError) {
    do throws(AttributeCopy.Failure) {
      try attributes?.apply(status, from: source.descriptor, to: destination.descriptor)
    } catch {
      throw error.error.during(error.operation, source.path.path, destination.path.path)
    }
    guard durability == .files else { return }
    do throws(SystemError) {
      try destination.synchronize()
    } catch {
      throw error.during(.synchronize, source.path.path, destination.path.path)
    }
  }

  /// All but the open directories, by which they are found again.
  struct Parked: Sendable {
    fileprivate let directory: ParkedSides
    fileprivate let offset: Int64
  }

  /// What it takes to open the directories again, with where reading goes on.
  func park() -> Parked? {
    guard let destination = try? destination.descriptor.status(),
      let offset = try? source.descriptor.directoryOffset()
    else { return nil }
    return Parked(
      directory: ParkedSides(self, destination: destination.identity), offset: offset)
  }

  /// What `Parked` remembers of a copy.
  fileprivate struct ParkedSides: Sendable {
    let source: Side
    let destination: Side
    let status: FileStatus
    let isNew: Bool
    let isEntered: Bool
    let publication: DirectoryPublication?
    let attributes: AttributeCopy?
    let durability: CopyOptions.Durability

    init(_ copy: DirectoryCopy, destination: FileStatus.Identity) {
      source = Side(copy.source, copy.status.identity)
      self.destination = Side(copy.destination, destination)
      status = copy.status
      isNew = copy.isNew
      isEntered = copy.isEntered
      publication = copy.publication
      attributes = copy.attributes
      durability = copy.durability
    }
  }

  /// One of the two directories.
  fileprivate struct Side: Sendable {
    let path: DirectoryPath
    let observed: ObservedDirectory?
    let base: Directory?
    let identity: FileStatus.Identity

    init(_ directory: Directory, _ identity: FileStatus.Identity) {
      path = directory.path
      observed = directory.observed
      base = directory.base
      self.identity = identity
    }

    /// Through the ".." of a subdirectory, wherever it was moved to, else by its names. Only
    /// the very directory will do.
    func reopened(from child: Directory?) throws(SystemError) -> Directory {
      if let child {
        let parent = try OwnedName.parent.with { (name) throws(SystemError) in
          try child.descriptor.open(name, .directory)
        }
        if try parent.status().identity == identity {
          return Directory(parent, path, observed: observed, base: base)
        }
      }
      guard let base else { throw SystemError(call: .open, errno: .noSuchFileOrDirectory) }
      let found = try Directory.reopen(path, from: base, .noFollow)
      guard try found.status().identity == identity else {
        throw SystemError(call: .open, errno: .noSuchFileOrDirectory)
      }
      return Directory(found, path, observed: observed, base: base)
    }
  }
}

extension DirectoryCopy.Parked {
  var sourcePath: FilePath { directory.source.path.path }
  var destinationPath: FilePath { directory.destination.path.path }

  /// The same directories, opened again where they are still there.
  func reopened(from child: DirectoryCopy?) throws(SystemError) -> DirectoryCopy {
    let source = try directory.source.reopened(from: child?.source)
    let destination = try directory.destination.reopened(from: child?.destination)
    try source.descriptor.setDirectoryOffset(offset)
    return DirectoryCopy(
      source: source, destination: destination, status: directory.status, isNew: directory.isNew,
      isEntered: directory.isEntered, publication: directory.publication,
      attributes: directory.attributes, durability: directory.durability)
  }
}
