import SystemPackage

/// What a new entry does to another that has its name.
enum Replacement: Sendable, Hashable {
  /// The name must be free: what came there meanwhile stays, and that is an error.
  case nothing
  /// The other entry goes, by rename(2), once the new one is there.
  case existing
  /// The other entry gets another name first.
  case backUp(BackupNames)
}

/// A new entry on its way to its name: files, links, nodes and directories alike are made,
/// then published, or discarded.
///
/// What is replaced is replaced by rename(2), so that its name always leads to it or to its
/// successor (not on SMB, see `replaceAside`). Before something is renamed or removed by its name, that name is checked to
/// be the thing that was made (device and inode); where it is not, it is left alone.
struct NameTransaction: Sendable {
  enum State: Sendable, Hashable {
    /// It was made under its own name, which was free.
    case named
    /// It has no name yet (O_TMPFILE).
    case unnamed
    /// It has another name in the same directory.
    case temporary(OwnedName)
  }
  let state: State
  let replacement: Replacement
  /// Tells others that the temporary name is in use, where that cannot be locked itself.
  var lock: NameLock?

  static let named = NameTransaction(state: .named, replacement: .nothing)
  static let unnamed = NameTransaction(state: .unnamed, replacement: .nothing)

  /// Makes something under a temporary name. `make` is called again with another name
  /// where one is taken.
  static func temporary(
    _ replacement: Replacement, make: (Name) throws(SystemError) -> Void
  ) throws(SystemError) -> NameTransaction {
    var attempts = 0
    while true {
      let name = OwnedName.temporary()
      do throws(SystemError) {
        try name.with { (name) throws(SystemError) in try make(name) }
        return NameTransaction(state: .temporary(name), replacement: replacement)
      } catch {
        guard error.errno == .fileExists, attempts < 100 else { throw error }
        attempts += 1
      }
    }
  }

  /// A publication that failed: at which step, and the backup that could not be put back.
  struct Failure: Error {
    var operation: ReflinkError.Operation
    var error: SystemError
    var leftBackup: OwnedName?
  }

  /// Gives a complete file its name. Durability is the caller's: see fsync(2).
  /// Returns the name of the backup that was made.
  func publish(
    _ file: borrowing Descriptor, as destination: Location
  ) throws(Failure) -> OwnedName? {
    switch state {
    case .named: return nil
    case .unnamed:
      try during(.write) { () throws(SystemError) in try file.flush() }
      try during(.publish) { () throws(SystemError) in
        try destination.directory.descriptor.link(destination.name, to: file)
      }
      return nil
    case .temporary:
      try during(.write) { () throws(SystemError) in try file.flush() }
      return try publishEntry(file, as: destination)
    }
  }

  /// Gives any other entry its name. `made` is an open descriptor of it, or a reference.
  func publishEntry(
    _ made: borrowing Descriptor, isDirectory: Bool = false, as destination: Location
  ) throws(Failure) -> OwnedName? {
    guard case .temporary(let temporary) = state else { return nil }
    let directory = destination.directory
    try during(.publish) { () throws(SystemError) in
      guard try isStill(made, temporary, in: directory) else {
        throw SystemError(call: .rename, errno: .noSuchFileOrDirectory)
      }
    }
    switch replacement {
    case .nothing:
      try during(.publish) { () throws(SystemError) in
        try rename(temporary, isDirectory, to: destination)
      }
      return nil
    case .existing where (try? directory.descriptor.fileSystemType())?.isSMB ?? false:
      try replaceAside(temporary, isDirectory, at: destination)
      return nil
    case .existing:
      do throws(SystemError) {
        try temporary.with { (name) throws(SystemError) in
          try directory.descriptor.rename(name, to: destination.name, replacing: true)
        }
      } catch {
        // A directory that gives no name away, to what replaces it either.
        let isLocked = error.errno == .notPermitted
        throw Failure(operation: isLocked ? .remove : .publish, error: error)
      }
      // Where both were names of one file rename(2) does nothing, and both are still there.
      removeSecondName(made, temporary, in: directory)
      return nil
    case .backUp(let names):
      let backup: Backup
      do throws(SystemError) {
        backup = try names.backUp(destination, isDirectory: isDirectory)
      } catch {
        // Gone meanwhile: nothing is to be kept.
        guard error.errno == .noSuchFileOrDirectory else {
          throw Failure(operation: .backUp, error: error)
        }
        try during(.publish) { () throws(SystemError) in
          try rename(temporary, isDirectory, to: destination)
        }
        return nil
      }
      do throws(SystemError) {
        if backup.leavesName {
          try temporary.with { (name) throws(SystemError) in
            try directory.descriptor.rename(name, to: destination.name, replacing: true)
          }
        } else {
          try rename(temporary, isDirectory, to: destination)
        }
      } catch {
        var failure = Failure(operation: .publish, error: error)
        if !backup.putBack(at: destination) { failure.leftBackup = backup.name }
        throw failure
      }
      return backup.name
    }
  }

  /// The name that an entry has until it is published.
  func currentName(at destination: Location) -> OwnedName {
    if case .temporary(let name) = state { name } else { OwnedName(destination.name) }
  }

  /// Takes away what will not be complete. What was there before stays. Returns the path of
  /// what could not be taken away, or is not under its name any more.
  func discard(
    _ made: borrowing Descriptor, isDirectory: Bool = false, at destination: Location
  ) -> FilePath? {
    switch state {
    case .unnamed: return nil
    case .named:
      return remove(made, isDirectory, OwnedName(destination.name), destination.directory)
    case .temporary(let name): return remove(made, isDirectory, name, destination.directory)
    }
  }

  private func remove(
    _ made: borrowing Descriptor, _ isDirectory: Bool, _ name: OwnedName, _ directory: Directory
  ) -> FilePath? {
    let path = OwnedLocation(directory, name).path
    do throws(SystemError) {
      guard try isStill(made, name, in: directory) else {
        // Gone, or moved to where nobody here knows.
        return (try? made.status().linkCount) == 0 ? nil : path
      }
      try name.with { (name) throws(SystemError) in
        try directory.descriptor.remove(name, isDirectory: isDirectory)
      }
      return nil
    } catch {
      return error.call == .remove && error.errno == .noSuchFileOrDirectory ? nil : path
    }
  }

  /// Whether a name is (still) that of what was made.
  private func isStill(
    _ made: borrowing Descriptor, _ name: OwnedName, in directory: Directory
  ) throws(SystemError) -> Bool {
    let there = try name.with { (name) throws(SystemError) in
      try directory.descriptor.statusIfPresent(of: name, follow: false)
    }
    return try there?.identity == made.status().identity
  }

  /// Replaces in three steps. On SMB a file that somebody has open is not replaced by rename(2): the client removes it,
  /// and fails then, since a name stays taken until the last one closes the file; in the end nothing has the
  /// name (measured on Linux 6.1 with Samba 4.17). Such a file can get another name, though.
  @inline(never)
  private func replaceAside(
    _ temporary: OwnedName, _ isDirectory: Bool, at destination: Location
  ) throws(Failure) {
    let directory = destination.directory
    let aside = Backup(name: OwnedName.temporary())
    var isThere = true
    do throws(SystemError) {
      try aside.name.with { (name) throws(SystemError) in
        try directory.descriptor.rename(destination.name, to: name, replacing: false)
      }
    } catch {
      guard error.errno == .noSuchFileOrDirectory else {
        throw Failure(operation: .publish, error: error)
      }
      isThere = false
    }
    do throws(SystemError) {
      try rename(temporary, isDirectory, to: destination)
    } catch {
      var failure = Failure(operation: .publish, error: error)
      if isThere, !aside.putBack(at: destination) { failure.leftBackup = aside.name }
      throw failure
    }
    guard isThere else { return }
    do throws(SystemError) {
      try aside.name.with { (name) throws(SystemError) in
        try directory.descriptor.remove(name, isDirectory: isDirectory)
      }
    } catch {
      var failure = Failure(operation: .remove, error: error)
      failure.leftBackup = aside.name
      throw failure
    }
  }

  private func removeSecondName(
    _ made: borrowing Descriptor, _ temporary: OwnedName, in directory: Directory
  ) {
    guard let status = try? made.status(), status.linkCount > 1,
      (try? isStill(made, temporary, in: directory)) ?? false
    else { return }
    try? temporary.with { (name) throws(SystemError) in
      try directory.descriptor.remove(name)
    }
  }

  /// To a name that must be free.
  private func rename(
    _ temporary: OwnedName, _ isDirectory: Bool, to destination: Location
  ) throws(SystemError) {
    let directory = destination.directory
    try temporary.with { (name) throws(SystemError) in
      do throws(SystemError) {
        try directory.descriptor.rename(name, to: destination.name, replacing: false)
      } catch {
        // FUSE knows no RENAME_NOREPLACE. Linking never replaces either; directories cannot
        // be linked.
        guard error.errno == .invalidArgument, !isDirectory else { throw error }
        try directory.descriptor.moveToFreeName(name, destination.name)
      }
    }
  }

  private func during<Value>(
    _ operation: ReflinkError.Operation, _ body: () throws(SystemError) -> Value
  ) throws(Failure) -> Value {
    do throws(SystemError) {
      return try body()
    } catch {
      throw Failure(operation: operation, error: error)
    }
  }
}

extension NameTransaction.Failure {
  /// The same with the names that belong to it.
  func describe(_ source: Location, _ destination: Location) -> ReflinkError {
    var failure = error.during(operation, source.path, destination.path)
    failure.leftover = leftBackup.map { OwnedLocation(destination.directory, $0).path }
    return failure
  }
}
