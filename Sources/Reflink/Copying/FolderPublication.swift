import SystemPackage

/// Folders that get their name when they are complete, with all that is in them.
extension FolderCopy {
  /// The name of a folder that is not complete yet, beside the one it is to have.
  struct TemporaryName: Sendable {
    /// The folder that both paths start from.
    let folder: Folder
    let path: FilePath
    let final: FilePath

    /// renameat2(2) with RENAME_NOREPLACE; where that is unknown there is no other way
    /// that would not overwrite what came in between.
    func publish(_ source: FilePath) throws(ReflinkError) {
      do throws(SystemError) {
        try path.withName { (name) throws(SystemError) in
          try final.withName { (final) throws(SystemError) in
            try folder.descriptor.rename(name, to: final, replacing: false)
          }
        }
      } catch {
        throw refused(error, source)
      }
    }

    /// Throws where the folder could not be published in the end: tries it with an empty one.
    fileprivate func requireRenaming(_ source: FilePath) throws(ReflinkError) {
      var trial = path
      do throws(SystemError) {
        try path.withName { (name) throws(SystemError) in
          try folder.descriptor.makeFolder(name, mode: 0o700)
          let other = path.removingLastComponent().appending(FilePath.temporaryName().components)
          try other.withName { (other) throws(SystemError) in
            try folder.descriptor.rename(name, to: other, replacing: false)
          }
          trial = other
          try trial.withName { (name) throws(SystemError) in
            try folder.descriptor.remove(name, isFolder: true)
          }
        }
      } catch {
        var failure = refused(error, source)
        if error.call != .makeFolder {
          failure.leftBehind = trial.withName { folder.removeOrTell($0, isFolder: true) }
        }
        throw failure
      }
    }

    private func refused(_ error: SystemError, _ source: FilePath) -> ReflinkError {
      var failure = error.during(
        error.call == .makeFolder ? .createFolder : .publish, source, final)
      if error.call == .rename, error.errno == .invalidArgument {
        failure.code = .notSupported(.renamesReplace)
      }
      return failure
    }
  }
}

extension Folder.Way {
  /// The way of a folder that may have another name yet.
  convenience init(_ place: Place, _ temporary: FolderCopy.TemporaryName?) {
    self.init(
      temporary?.final ?? place.name.path, in: place.folder.way, temporaryName: temporary?.path)
  }
}

extension EntryCopier {
  /// A folder under its own name, or one that gets it when all of it is complete.
  func copyFolder(
    _ entry: EntryFacts, _ source: Place, follow: Bool, within ancestry: Ancestry?,
    to destination: Place
  ) throws(ReflinkError) -> Result {
    guard ancestry == nil, options.publication != .inPlace else {
      return try copyFolder(entry, source, follow: follow, within: ancestry, nil, to: destination)
    }
    let isTaken = try attempt(.examine(.destination), source, destination) {
      () throws(SystemError) in
      try destination.folder.descriptor.statusIfPresent(of: destination.name, follow: false) != nil
    }
    // A folder that is there is merged into, file by file.
    if isTaken {
      return try copyFolder(entry, source, follow: follow, within: nil, nil, to: destination)
    }
    let temporary = FolderCopy.TemporaryName(
      folder: destination.folder, path: destination.temporaryPath(), final: destination.name.path)
    try requireOneFileSystem(source, destination)
    try temporary.requireRenaming(source.path)
    return try temporary.path.withName { (name) throws(ReflinkError) in
      do throws(ReflinkError) {
        return try copyFolder(
          entry, source, follow: follow, within: nil, temporary,
          to: Place(destination.folder, name))
      } catch {
        var failure = error
        failure.leftBehind = destination.folder.removeOrTell(name, isFolder: true)
        throw failure
      }
    }
  }

  /// Between two file systems nothing can be shared, and a tree that is to share all its
  /// data is refused even where it has none.
  private func requireOneFileSystem(
    _ source: Place, _ destination: Place
  ) throws(ReflinkError) {
    guard options.cloning == .required else { return }
    try attempt(.clone, source, destination) { () throws(SystemError) in
      let from = try source.folder.descriptor.open(source.name, [.reference, .folder])
      let to = try destination.parent.withName { (name) throws(SystemError) in
        try destination.folder.descriptor.open(name, [.reference, .folder])
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
