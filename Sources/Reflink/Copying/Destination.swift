import SystemPackage

/// How a destination stands to its name while it is filled.
enum Standing: Equatable {
  /// Made under its name.
  case new
  /// Was there before, under its name.
  case existing
  /// Has no name yet; see `Publication.unnamed`.
  case unnamed
  /// Has another name yet, in the same folder; see `Publication.temporary`.
  case temporary(FilePath, replaces: Bool)
}

/// A destination opened for writing: empty when it is a regular file.
struct OpenDestination: ~Copyable {
  let descriptor: Descriptor
  let standing: Standing
  let isRegular: Bool

  init(_ descriptor: consuming Descriptor, _ standing: Standing, isRegular: Bool = true) {
    self.descriptor = descriptor
    self.standing = standing
    self.isRegular = isRegular
  }
}

extension EntryCopier {
  /// Makes the destination, or opens what is there, by the publication that was
  /// asked for and the decision. Nil when that was to skip it.
  func openDestination(
    mode: UInt32, _ entry: EntryFacts, _ file: borrowing Descriptor,
    _ source: Place, _ destination: Place
  ) throws(ReflinkError) -> OpenDestination? {
    if options.publication != .inPlace {
      return try openUnpublished(mode: mode, entry, source, destination)
    }
    for _ in 0..<2 {
      do throws(SystemError) {
        return OpenDestination(
          try destination.folder.descriptor.open(
            destination.name, [.write, .create, .exclusive], mode: mode), .new)
      } catch {
        guard error.errno == .fileExists else {
          throw error.during(.createFile, source.path, destination.path)
        }
      }
      let action = try settle(entry, source, destination)
      if action == .skip { return nil }
      try requireSharing(file, entry.source, source, destination)
      switch action {
      case .overwrite(let orReplace):
        if let existing = try openExisting(orReplace, entry, source, destination) {
          return existing
        }
        try remove(destination, source)
      case .replace, .skip, .create, .refuse:
        try remove(destination, source)
      }
    }
    throw refused(.exists, source, destination)
  }

  /// The file that is there, emptied. Nil when it is to be replaced instead.
  private func openExisting(
    _ orReplace: Bool, _ entry: EntryFacts, _ source: Place, _ destination: Place
  ) throws(ReflinkError) -> OpenDestination? {
    var isSameFile = false
    do throws(SystemError) {
      let existing = try destination.folder.descriptor.open(destination.name, .write)
      // The decision was made by name; this is the file itself.
      let status = try existing.status()
      if status.identity == entry.source.identity {
        isSameFile = true
        throw SystemError(call: .open, errno: .fileExists)
      }
      guard status.type == .regular else {
        return OpenDestination(existing, .existing, isRegular: false)
      }
      try existing.truncate(to: 0)
      return OpenDestination(existing, .existing)
    } catch {
      if isSameFile { throw refused(.sameFile, source, destination) }
      if orReplace, error.call == .open { return nil }
      throw error.during(.createFile, source.path, destination.path)
    }
  }

  /// Before an existing file loses its data to a clone that must succeed: shares
  /// one block with a file that has no name, and throws where that is not possible.
  private func requireSharing(
    _ file: borrowing Descriptor, _ status: FileStatus, _ source: Place, _ destination: Place
  ) throws(ReflinkError) {
    guard options.cloning == .required else { return }
    do throws(SystemError) {
      let trial = try destination.parent.withName { (parent) throws(SystemError) in
        try destination.folder.descriptor.open(parent, [.unnamed, .write], mode: 0o600)
      }
      if status.size == 0 {
        try trial.clone(from: file)
      } else {
        try trial.clone(0..<min(status.size, try trial.blockSize()), from: file, to: 0)
      }
    } catch {
      // Where there are no unnamed files only the clone itself will tell; NOCOW,
      // which the transfer knows how to mend, is EINVAL.
      guard error.call == .cloneRange || error.call == .clone, error.errno != .invalidArgument
      else { return }
      var failure = error.during(.clone, source.path, destination.path)
      if case .nextRung(let cause) = verdict(on: error) { failure.code = .notShareable(cause) }
      throw failure
    }
  }
}
