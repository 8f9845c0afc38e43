import SystemPackage

/// A directory that gets its name when it is complete, with all that is in it.
struct DirectoryPublication: Sendable {
  private let transaction: NameTransaction
  private let destination: OwnedLocation

  init(_ transaction: NameTransaction, _ destination: OwnedLocation) {
    self.transaction = transaction
    self.destination = destination
  }

  /// `made` is the directory itself, which has been open all the time.
  func publish(_ made: borrowing Descriptor, _ source: FilePath) throws(ReflinkError) {
    do throws(NameTransaction.Failure) {
      try publishEntry(made)
    } catch {
      throw Self.refused(error.error, error.operation, source, destination.path)
    }
  }

  /// The same for one that takes another's place at once, and is empty yet.
  func publishNow(_ made: borrowing Descriptor) throws(SystemError) {
    do throws(NameTransaction.Failure) {
      try publishEntry(made)
    } catch {
      throw error.error
    }
  }

  private func publishEntry(_ made: borrowing Descriptor) throws(NameTransaction.Failure) {
    try destination.with { (destination) throws(NameTransaction.Failure) in
      _ = try transaction.publishEntry(made, isDirectory: true, as: destination)
    }
  }

  /// Removes the directory, which must be empty by now. Returns its path where it stays.
  func discard(_ made: borrowing Descriptor) -> FilePath? {
    destination.with { transaction.discard(made, isDirectory: true, at: $0) }
  }

  /// Under which path the directory is now.
  var currentPath: FilePath {
    destination.with { destination in
      OwnedLocation(destination.directory, transaction.currentName(at: destination)).path
    }
  }

  static func refused(
    _ error: SystemError, _ operation: ReflinkError.Operation, _ source: FilePath,
    _ destination: FilePath
  ) -> ReflinkError {
    var failure = error.during(operation, source, destination)
    if error.call == .rename, error.errno == .invalidArgument {
      failure.code = .notSupported(.renamesReplace)
    }
    return failure
  }
}

extension EntryCopier {
  /// Throws where a directory could not be published in the end: tries it with an empty one.
  func requireRenaming(
    _ source: Location, _ destination: Location
  ) throws(ReflinkError) {
    let directory = destination.directory
    let lock = NameLock(directory)
    defer { withExtendedLifetime(lock) {} }
    let trial = try attempt(.createDirectory, source, destination) { () throws(SystemError) in
      try NameTransaction.temporary(.nothing) { (name) throws(SystemError) in
        try directory.descriptor.makeDirectory(name, mode: 0o700)
      }
    }
    let name = trial.currentName(at: destination)
    let made: Directory
    do throws(SystemError) {
      made = Directory(
        try directory.open(name, [.reference, .directory, .noFollow]),
        DirectoryPath(name, in: directory.path))
    } catch {
      var failure = error.during(.createDirectory, source.path, destination.path)
      // It is empty, whatever it is.
      let isGone = name.with { name in
        (try? directory.descriptor.remove(name, isDirectory: true)) != nil
      }
      if !isGone { failure.leftover = OwnedLocation(directory, name).path }
      throw failure
    }
    do throws(SystemError) {
      // Another thing that has the name by now is not renamed.
      try directory.requireJustMade(try made.descriptor.rights(), since: begun)
    } catch {
      var failure = error.during(.createDirectory, source.path, destination.path)
      failure.leftover = OwnedLocation(directory, name).path
      throw failure
    }
    let other = OwnedLocation(directory, .temporary())
    do throws(NameTransaction.Failure) {
      try other.with { (other) throws(NameTransaction.Failure) in
        _ = try trial.publishEntry(made.descriptor, isDirectory: true, as: other)
      }
    } catch {
      var failure = DirectoryPublication.refused(
        error.error, error.operation, source.path, destination.path)
      failure.leftover = trial.discard(made.descriptor, isDirectory: true, at: destination)
      throw failure
    }
    try requireOwnTrial(made.descriptor, name, at: other, source, destination)
    let leftover = other.with {
      NameTransaction.named.discard(made.descriptor, isDirectory: true, at: $0)
    }
    guard let leftover else { return }
    var failure = SystemError(call: .remove, errno: .notPermitted)
      .during(.remove, source.path, destination.path)
    failure.leftover = leftover
    throw failure
  }

  /// Whatever was renamed in the trial's place goes back: under a temporary name it would be swept.
  private func requireOwnTrial(
    _ made: borrowing Descriptor, _ name: OwnedName, at other: OwnedLocation, _ source: Location,
    _ destination: Location
  ) throws(ReflinkError) {
    var current = other.name
    do throws(SystemError) {
      let there = try other.with { (other) throws(SystemError) in try other.statusIfPresent() }
      if try there?.identity == made.status().identity { return }
      try other.with { (other) throws(SystemError) in
        try name.with { (name) throws(SystemError) in
          try other.directory.descriptor.rename(other.name, to: name, replacing: false)
        }
      }
      current = name
      throw SystemError(call: .rename, errno: .fileExists)
    } catch {
      var failure = error.during(.createDirectory, source.path, destination.path)
      let trial = NameTransaction(state: .temporary(current), replacement: .nothing)
      failure.leftover = trial.discard(made, isDirectory: true, at: destination)
      throw failure
    }
  }

  /// Between two file systems nothing can be shared, and a tree that is to share all its
  /// data is refused even where it has none.
  func requireOneFileSystem(
    _ source: Location, _ destination: Location
  ) throws(ReflinkError) {
    guard options.cloning == .required else { return }
    try attempt(.clone, source, destination) { () throws(SystemError) in
      let from = try source.open([.reference, .directory])
      let to = try destination.directory.open(.dot, [.reference, .directory])
      if try from.status().identity.device == to.status().identity.device { return }
      if try from.fileSystemType() == .btrfs, try to.fileSystemType() == .btrfs {
        // One Btrfs may have both numbers. Where it cannot be asked, the files will tell.
        guard let from = try? source.open(.directory),
          let to = try? destination.directory.open(.dot, .directory),
          !from.isOnFileSystem(of: to)
        else { return }
      }
      throw SystemError(call: .clone, errno: .improperLink)
    }
  }
}
