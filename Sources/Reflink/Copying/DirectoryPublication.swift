import SystemPackage

/// Directories that get their name when they are complete, with all that is in them.
extension DirectoryCopy {
  /// The name of a directory that is not complete yet, beside the one it is to have.
  struct TemporaryName: Sendable {
    /// The directory that both paths start from.
    let directory: Directory
    let path: FilePath
    let final: FilePath

    /// renameat2(2) with RENAME_NOREPLACE; where that is unknown there is no other way
    /// that would not overwrite what came in between.
    func publish(_ source: FilePath) throws(ReflinkError) {
      do throws(SystemError) {
        try path.withName { (name) throws(SystemError) in
          try final.withName { (final) throws(SystemError) in
            try directory.descriptor.rename(name, to: final, replacing: false)
          }
        }
      } catch {
        throw refused(error, source)
      }
    }

    /// Throws where the directory could not be published in the end: tries it with an empty one.
    fileprivate func requireRenaming(_ source: FilePath) throws(ReflinkError) {
      var trial = path
      do throws(SystemError) {
        try path.withName { (name) throws(SystemError) in
          try directory.descriptor.makeDirectory(name, mode: 0o700)
          let other = path.removingLastComponent().appending(FilePath.temporaryName().components)
          try other.withName { (other) throws(SystemError) in
            try directory.descriptor.rename(name, to: other, replacing: false)
          }
          trial = other
          try trial.withName { (name) throws(SystemError) in
            try directory.descriptor.remove(name, isDirectory: true)
          }
        }
      } catch {
        var failure = refused(error, source)
        if error.call != .makeDirectory {
          failure.leftover = trial.withName { directory.removeOrTell($0, isDirectory: true) }
        }
        throw failure
      }
    }

    private func refused(_ error: SystemError, _ source: FilePath) -> ReflinkError {
      var failure = error.during(
        error.call == .makeDirectory ? .createDirectory : .publish, source, final)
      if error.call == .rename, error.errno == .invalidArgument {
        failure.code = .notSupported(.renamesReplace)
      }
      return failure
    }
  }
}

extension Directory.Way {
  /// The way of a directory that may have another name yet.
  convenience init(_ place: Location, _ temporary: DirectoryCopy.TemporaryName?) {
    self.init(
      temporary?.final ?? place.name.path, in: place.directory.way, temporaryName: temporary?.path)
  }
}

extension EntryCopier {
  /// A directory under its own name, or one that gets it when all of it is complete.
  func copyDirectory(
    _ entry: EntryFacts, _ source: Location, follow: Bool, within ancestry: Ancestry?,
    to destination: Location
  ) throws(ReflinkError) -> Result {
    guard ancestry == nil, options.publication != .inPlace else {
      return try copyDirectory(
        entry, source, follow: follow, within: ancestry, nil, to: destination)
    }
    let isTaken = try attempt(.examine(.destination), source, destination) {
      () throws(SystemError) in
      try destination.directory.descriptor.statusIfPresent(of: destination.name, follow: false)
        != nil
    }
    // A directory that is there is merged into, file by file.
    if isTaken {
      return try copyDirectory(entry, source, follow: follow, within: nil, nil, to: destination)
    }
    let temporary = DirectoryCopy.TemporaryName(
      directory: destination.directory, path: destination.temporaryPath(),
      final: destination.name.path)
    try requireOneFileSystem(source, destination)
    try temporary.requireRenaming(source.path)
    return try temporary.path.withName { (name) throws(ReflinkError) in
      do throws(ReflinkError) {
        return try copyDirectory(
          entry, source, follow: follow, within: nil, temporary,
          to: Location(destination.directory, name))
      } catch {
        var failure = error
        failure.leftover = destination.directory.removeOrTell(name, isDirectory: true)
        throw failure
      }
    }
  }

  /// Between two file systems nothing can be shared, and a tree that is to share all its
  /// data is refused even where it has none.
  private func requireOneFileSystem(
    _ source: Location, _ destination: Location
  ) throws(ReflinkError) {
    guard options.cloning == .required else { return }
    try attempt(.clone, source, destination) { () throws(SystemError) in
      let from = try source.directory.descriptor.open(source.name, [.reference, .directory])
      let to = try destination.parent.withName { (name) throws(SystemError) in
        try destination.directory.descriptor.open(name, [.reference, .directory])
      }
      if try from.status().identity.device == to.status().identity.device { return }
      if try from.fileSystemType() == .btrfs, try to.fileSystemType() == .btrfs {
        // One Btrfs may have both numbers. Where it cannot be asked, the files will tell.
        guard let from = try? from.reopen(), let to = try? to.reopen(),
          !from.isOnFileSystem(of: to)
        else { return }
      }
      throw SystemError(call: .clone, errno: .improperLink)
    }
  }
}
