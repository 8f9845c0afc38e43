import SystemPackage

/// Looks for what killed copies have left under temporary names, and removes it where that is
/// asked for.
///
/// What this process's user made is looked at (all of it where that is root), and what has no other
/// name. A file or directory is left over where nobody holds its lock, which whoever makes one holds
/// until it has its name; a link or a node where nobody holds that of its directory (`NameLock`). Of
/// what its owner may not read no lock can be asked for: that is left over after an hour.
struct LeftoverSweep: ~Copyable, Operation {
  private let root: Directory
  private let removes: Bool
  private let recursively: Bool
  private let activity: Activity?
  /// Directories that are still to be looked into, the next one last.
  private var directories: [DirectoryPath]
  /// What has such a name in the directory that was looked into last.
  private var candidates: [OwnedLocation] = []
  private var removal: TreeRemoval?
  private(set) var outcome: [FilePath] = []

  /// In seconds.
  private let ageOfUnreadable: Int64

  init(
    _ directory: OwnedName, recursively: Bool, removes: Bool, ageOfUnreadable: Int64 = 3600,
    _ activity: Activity?
  ) throws(ReflinkError) {
    self.ageOfUnreadable = ageOfUnreadable
    self.removes = removes
    self.recursively = recursively
    self.activity = activity
    do throws(SystemError) {
      let opened = try directory.with { (name) throws(SystemError) in
        try Descriptor.currentDirectory.open(name, .directory)
      }
      root = Directory(opened, DirectoryPath(directory))
    } catch {
      throw error.during(.readDirectory, directory.path)
    }
    directories = [root.path]
  }

  /// Of one open directory, and what is directly in it.
  private init(_ directory: Directory) {
    ageOfUnreadable = 3600
    removes = true
    recursively = false
    activity = nil
    root = directory
    directories = [directory.path]
  }

  /// Removes what is left over in a directory that takes new names. What cannot be removed is no
  /// fault of theirs.
  static func removeLeftovers(in directory: Directory) {
    var sweep = LeftoverSweep(directory)
    _ = try? sweep.resume(nil)
  }

  mutating func resume(_ turn: WorkerTurn?) throws(ReflinkError) -> Turn {
    while true {
      if activity?.isCancelled ?? false {
        throw SystemError(call: .readDirectory, errno: .canceled)
          .during(.readDirectory, root.path.path)
      }
      if let removal {
        guard removal.resume(turn) else { return .spent }
        self.removal = nil
        if let leftover = removal.leftover { throw Self.notRemoved(leftover) }
      } else if let candidate = candidates.popLast() {
        try consider(candidate)
      } else if let directory = directories.popLast() {
        try look(into: directory)
      } else {
        return .finished
      }
      if let turn, turn.isOver { return .spent }
    }
  }

  private mutating func look(into path: DirectoryPath) throws(ReflinkError) {
    do throws(SystemError) {
      // Opened again to be listed, since what is removed meanwhile moves what is left.
      let directory = Directory(
        path === root.path
          ? try root.open(.dot, .directory)
          : try Directory.reopen(path, from: root, [.directory, .noFollow]), path, base: root)
      var names = NameBuffer()
      while try names.fill(from: directory.descriptor) {
        while names.advance() {
          let name = OwnedName(names.name)
          if names.name.mayBeTemporary, name.isTemporary {
            candidates.append(OwnedLocation(directory, name))
          } else if recursively, isDirectory(name, names.type, in: directory) {
            directories.append(DirectoryPath(name, in: path))
          }
        }
      }
    } catch {
      // Gone meanwhile, or nothing that the caller may look into.
      let isElsewhere = path !== root.path
      if isElsewhere, [.noSuchFileOrDirectory, .permissionDenied].contains(error.errno) { return }
      throw error.during(.readDirectory, path.path)
    }
  }

  private func isDirectory(_ name: OwnedName, _ type: FileType, in directory: Directory) -> Bool {
    if type != .unknown { return type == .directory }
    return name.with { name in
      (try? directory.descriptor.status(of: name, follow: false))?.type == .directory
    }
  }

  private mutating func consider(_ location: OwnedLocation) throws(ReflinkError) {
    do throws(SystemError) {
      guard
        let status = try location.with({ (location) throws(SystemError) in
          try location.statusIfPresent()
        }), isPrivileged() || status.owner == FileCredentials.current.user,
        // Under another name it may be wanted.
        status.type == .directory || status.linkCount == 1
      else { return }
      try consider(location, status)
    } catch {
      // Gone meanwhile, or taken by another process of this user's.
      if error.errno == .noSuchFileOrDirectory || error.errno == .tooManySymbolicLinkLevels {
        return
      }
      throw error.during(.remove, location.path)
    }
  }

  private mutating func consider(
    _ location: OwnedLocation, _ status: FileStatus
  ) throws(SystemError) {
    guard let made = try openIfLeft(location, status) else { return }
    outcome.append(location.path)
    guard removes else { return made.descriptor.unlock() }
    let transaction = NameTransaction(state: .temporary(location.name), replacement: .nothing)
    if status.type == .directory {
      removal = TreeRemoval(made, DirectoryPublication(transaction, location))
    } else if location.with({ transaction.discard(made.descriptor, at: $0) }) != nil {
      throw SystemError(call: .remove, errno: .notPermitted)
    }
  }

  /// What is left over, opened; nil where somebody may still be making it.
  private func openIfLeft(
    _ location: OwnedLocation, _ status: FileStatus
  ) throws(SystemError) -> Directory? {
    let flags: OpenFlags =
      switch status.type {
      case .regular: [.noFollow, .nonBlocking]
      case .directory: [.noFollow, .directory]
      default: [.noFollow, .reference]
      }
    let directory = location.directory
    let path = DirectoryPath(location.name, in: directory.path)
    let isOld = wallClockSeconds().saturatingSubtract(status.changed.seconds) > ageOfUnreadable
    do throws(SystemError) {
      let made = Directory(try directory.open(location.name, flags), path)
      // Not another process's, nor one that this very process makes; of links and nodes the
      // directory tells.
      if status.type == .regular { return try made.descriptor.tryLock() ? made : nil }
      guard try directory.descriptor.tryLock() else { return nil }
      defer { directory.descriptor.unlock() }
      if status.type != .directory { return made }
      return try made.descriptor.tryLock() ? made : nil
    } catch {
      guard error.errno == .permissionDenied else { throw error }
    }
    // It had its final rights, which do not let its owner in: its lock cannot be asked for.
    guard isOld else { return nil }
    let reference = Directory(try directory.open(location.name, [.noFollow, .reference]), path)
    guard status.type == .directory, removes else { return reference }
    try reference.descriptor.setMode(.ownerReadWriteExecute)
    return Directory(try directory.open(location.name, flags), path)
  }

  private static func notRemoved(_ path: FilePath) -> ReflinkError {
    var failure = SystemError(call: .remove, errno: .directoryNotEmpty).during(.remove, path)
    failure.leftover = path
    return failure
  }
}
