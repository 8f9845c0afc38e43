import SystemPackage

/// A directory on its way: both sides open, its entries still to come, its
/// attributes last of all, since every new entry changes its times.
package final class DirectoryCopy: Sendable {
  package let source: Directory
  package let destination: Directory
  let status: FileStatus
  /// Made by this copy, not found there.
  let isNew: Bool
  /// Whether what is in it is to be copied; not so on another file system, where
  /// one was asked for.
  let isEntered: Bool
  /// The name it has until it is complete, where it gets its own only then.
  let temporary: TemporaryName?
  private let attributes: AttributeCopy?

  init(
    source: Directory, destination: Directory, status: FileStatus, isNew: Bool, isEntered: Bool,
    temporary: TemporaryName? = nil, attributes: AttributeCopy?
  ) {
    self.temporary = temporary
    self.source = source
    self.destination = destination
    self.status = status
    self.isNew = isNew
    self.isEntered = isEntered
    self.attributes = attributes
  }

  /// All but the open directories.
  struct Closed {
    fileprivate let temporary: TemporaryName?
    fileprivate let status: FileStatus
    fileprivate let isNew: Bool
    fileprivate let isEntered: Bool
    fileprivate let attributes: AttributeCopy?
    fileprivate let inheritsACL: Bool?
  }

  var closed: Closed {
    Closed(
      temporary: temporary, status: status, isNew: isNew, isEntered: isEntered,
      attributes: attributes,
      inheritsACL: destination.inheritsACL)
  }

  /// Once all entries are in place.
  package func finish() throws(ReflinkError) {
    guard let attributes else { return }
    do throws(AttributeCopy.Failure) {
      try attributes.apply(status, from: source.descriptor, to: destination.descriptor)
    } catch {
      throw error.error.during(error.operation, source.path, destination.path)
    }
  }
}

extension DirectoryCopy.Closed {
  /// The same directories, opened again from a subdirectory of each, where they are still
  /// those above it.
  func opened(
    from child: DirectoryCopy, _ from: FileIdentity, _ to: FileIdentity, at offset: Int64
  ) throws(SystemError) -> DirectoryCopy {
    func above(_ directory: Directory, _ identity: FileIdentity) throws(SystemError) -> Directory {
      let parent = try FilePath("..").withName { (name) throws(SystemError) in
        try directory.descriptor.open(name, .directory)
      }
      guard try parent.status().identity == identity else {
        throw SystemError(call: .open, errno: .noSuchFileOrDirectory)
      }
      return Directory(
        parent, directory.way.outer ?? Directory.Way("..", in: directory.way),
        inheritsACL: inheritsACL)
    }
    let source = try above(child.source, from)
    let destination = try above(child.destination, to)
    try source.descriptor.setDirectoryOffset(offset)
    return DirectoryCopy(
      source: source, destination: destination, status: status, isNew: isNew,
      isEntered: isEntered, temporary: temporary, attributes: attributes)
  }
}

extension EntryCopier {
  /// A directory on the way to an entry: made where it is missing, links followed.
  func enter(_ source: Location, to destination: Location) throws(ReflinkError) -> DirectoryCopy {
    let status = try attempt(.examine(.source), source, destination) { () throws(SystemError) in
      let status = try source.directory.descriptor.status(of: source.name, follow: true)
      guard status.type == .directory else { throw SystemError(call: .statx, errno: .notDirectory) }
      return status
    }
    let entry = EntryFacts(source: status, destination: .unseen, isOperand: true)
    let result = try copyDirectory(entry, source, follow: true, within: nil, to: destination)
    switch consume result {
    case .directory(let directory): return directory
    default: throw refused(.exists, source, destination)
    }
  }

  /// Makes or enters the directory `destination`, which is to be renamed where it is temporary.
  func copyDirectory(
    _ entry: EntryFacts, _ source: Location, follow: Bool, within ancestry: Ancestry?,
    _ temporary: DirectoryCopy.TemporaryName?, to destination: Location
  ) throws(ReflinkError) -> Result {
    var status = entry.source
    let root = ancestry?.root
    if let root, root.identity == status.identity {
      throw ReflinkError(
        code: .wrongType, operation: .refuse(.intoItself),
        source: root.source, destination: root.destination)
    }

    if options.symbolicLinks == .follow, ancestry?.contains(status.identity) ?? false {
      throw refused(.cyclicLink, source, destination)
    }

    let preserving = options.preserving
    let narrow = preserving.needsOwnersOnly
    let sticky = status.permissions.intersection(.saveText)
    let wanted = wantedPermissions(of: status)
    // Others may put something into it only once it is complete.
    let withheld = wanted.intersection([.groupWrite, .otherWrite])
    let made = try makeDirectory(
      mode: narrow ? 0o700 : wanted.subtracting(withheld).union(sticky).rawValue, entry, source,
      destination)
    if made == .skipped { return .skipped }
    let isNew = made == .new

    // Opened only now: Btrfs lists what was there when a directory was opened, and a
    // copy into the directory itself is to be met, and refused.
    let opened = try attempt(.readDirectory, source, destination) { () throws(SystemError) in
      try source.directory.descriptor.open(
        source.name, follow ? .directory : [.directory, .noFollow])
    }
    let from = Directory(opened, Directory.Way(source))
    status = try attempt(.examine(.source), source, destination) { () throws(SystemError) in
      try from.descriptor.status()
    }

    return try attempt(.open(.destination), source, destination) { () throws(SystemError) in
      let made = try destination.directory.descriptor.open(
        destination.name,
        options.entersLinkedDirectories && !isNew ? .directory : [.directory, .noFollow])
      var creationMode: FilePermissions?
      if isNew && !preserving.mode {
        let given = try made.status().permissions
        if let mode = finalMode(of: status) {
          creationMode = mode.union(given.intersection([.setUserID, .setGroupID])).union(sticky)
        } else if !withheld.isEmpty {
          creationMode = given.union(withheld.subtracting(umask.value))
        }
        if !narrow, !given.contains(.ownerReadWriteExecute) {
          // Its owner must be able to fill it first.
          creationMode = creationMode ?? given
          try made.setMode(given.union(.ownerReadWriteExecute))
        }
      }
      let inheritsACL = try inherits(made, isNew: isNew, destination)
      let attributes = AttributeCopy(
        preserving: preserving, creationMode: creationMode,
        removesInheritedACL: isNew && options.usesDefaultMode,
        mayHaveACL: isNew ? inheritsACL : true)
      return .directory(
        DirectoryCopy(
          source: from,
          destination: Directory(
            made, Directory.Way(destination, temporary), inheritsACL: inheritsACL),
          status: status, isNew: isNew,
          isEntered: root.map { $0.device == status.identity.device } ?? true
            || !options.staysOnFileSystem,
          temporary: temporary,
          attributes: isNew || preserving.needsOwnersOnly || preserving.times
            || preserving.extendedAttributes != .ignore ? attributes : nil))
    }
  }

  /// `left` is a directory that was there and is to be entered.
  private func makeDirectory(
    mode: UInt32, _ entry: EntryFacts, _ source: Location, _ destination: Location
  ) throws(ReflinkError) -> Made {
    for _ in 0..<2 {
      do throws(SystemError) {
        try destination.directory.descriptor.makeDirectory(destination.name, mode: mode)
        return .new
      } catch {
        guard error.errno == .fileExists else {
          throw notMade(.createDirectory, error, source, destination)
        }
      }
      let settled = try settle(entry, source, destination)
      switch settled.action.kind {
      case .replace: try remove(destination, source)
      case .backUp: break
      case .skip: return .skipped
      case .create: throw refused(.exists, source, destination)
      default: return .left
      }
    }
    throw refused(.exists, source, destination)
  }

  /// Whether what is made in this directory inherits an access control list. Only
  /// asked where such a list would have to be taken away again.
  private func inherits(
    _ directory: borrowing Descriptor, isNew: Bool, _ place: Location
  ) throws(SystemError) -> Bool {
    guard options.preserving.mode else { return true }
    // A new directory has its parent's default list until it gets its source's.
    if isNew, let inherited = place.directory.inheritsACL { return inherited }
    return (try? directory.attributeNames().contains(.defaultACL)) ?? false
  }
}
