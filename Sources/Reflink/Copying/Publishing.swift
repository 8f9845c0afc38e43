import SystemPackage

/// EntryProduct a file aside, and giving it its name when it is complete.
extension EntryCopier {
  func openUnpublished(
    mode: UInt32, _ entry: EntryFacts, _ source: Location, _ destination: Location
  ) throws(ReflinkError) -> OpenDestination? {
    let directory = destination.directory
    let isTaken: Bool
    do throws(SystemError) {
      isTaken = try directory.descriptor.statusIfPresent(of: destination.name, follow: false) != nil
    } catch {
      throw error.during(.examine(.destination), source.path, destination.path)
    }
    // A file that is to be overwritten is replaced as a whole.
    if isTaken {
      switch try settle(entry, source, destination).action.kind {
      case .skip, .leave: return nil
      case .create: throw refused(.exists, source, destination)
      default: break
      }
    }
    do throws(SystemError) {
      if !isTaken, options.publication == .unnamed {
        do throws(SystemError) {
          return OpenDestination(
            try destination.parent.withName { (parent) throws(SystemError) in
              try directory.descriptor.open(parent, [.unnamed, .write], mode: mode)
            }, .unnamed)
        } catch {
          // FUSE, NFS and OCFS2 have no unnamed files; old kernels say EISDIR.
          guard error.errno == .notSupported || error.errno == .isDirectory else { throw error }
        }
      }
      return try openTemporary(mode: mode, replaces: isTaken, destination)
    } catch {
      throw error.during(.createFile, source.path, destination.path)
    }
  }

  func openTemporary(
    mode: UInt32, replaces: Bool, _ destination: Location
  ) throws(SystemError) -> OpenDestination {
    var attempts = 0
    while true {
      let path = destination.temporaryPath()
      do throws(SystemError) {
        let file = try path.withName { (name) throws(SystemError) in
          try destination.directory.descriptor.open(
            name, [.write, .create, .exclusive], mode: mode)
        }
        return OpenDestination(file, .temporary(path, replaces: replaces))
      } catch {
        guard error.errno == .fileExists, attempts < 100 else { throw error }
        attempts += 1
      }
    }
  }
}

extension Location {
  /// Another name beside this one, which nobody has.
  func temporaryPath() -> FilePath {
    parent.appending(FilePath.temporaryName().components)
  }
}

extension FilePath {
  /// A name that nobody has, for what is not complete.
  static func temporaryName() -> FilePath {
    FilePath(".reflink-\(String(UInt64.random(in: .min ... .max), radix: 36))")
  }
}

extension PublicationState {
  /// Gives a complete file its name. Durability is the caller's: see fsync(2).
  func publish(_ file: borrowing Descriptor, as destination: Location) throws(SystemError) {
    let directory = destination.directory
    switch self {
    case .new, .existing, .successor:
      break
    case .unnamed:
      try file.flush()
      try directory.descriptor.link(destination.name, to: file)
    case .temporary(let path, let replaces):
      try file.flush()
      try path.withName { (temporary) throws(SystemError) in
        do throws(SystemError) {
          try directory.descriptor.rename(temporary, to: destination.name, replacing: replaces)
        } catch {
          // FUSE knows no RENAME_NOREPLACE. Linking never replaces either.
          guard error.errno == .invalidArgument, !replaces else { throw error }
          try directory.descriptor.link(destination.name, to: file)
          try directory.descriptor.remove(temporary)
        }
      }
    }
  }

  /// Takes a new file away that will not be complete. What was there before stays.
  /// Returns the path of what could not be taken away.
  func discard(_ file: borrowing Descriptor, at destination: Location) -> FilePath? {
    let directory = destination.directory
    switch self {
    case .existing, .unnamed:
      return nil
    case .new, .successor:
      // Only if the name is still that of our own file.
      guard let ours = try? file.status().identity,
        let there = try? directory.descriptor.status(of: destination.name, follow: false).identity,
        ours == there
      else { return nil }
      let left = directory.removeOrTell(destination.name)
      if case .successor(of: .some(let old)) = self {
        old.withName { old in
          try? directory.descriptor.rename(old, to: destination.name, replacing: false)
        }
      }
      return left
    case .temporary(let path, _):
      return path.withName { temporary in directory.removeOrTell(temporary) }
    }
  }
}

extension Directory {
  /// Removes what is not to stay. Returns its path where it stays nevertheless.
  func removeOrTell(_ name: EntryName, isDirectory: Bool = false) -> FilePath? {
    do throws(SystemError) {
      try descriptor.remove(name, isDirectory: isDirectory)
      return nil
    } catch {
      return error.errno == .noSuchFileOrDirectory ? nil : Location(self, name).path
    }
  }
}
