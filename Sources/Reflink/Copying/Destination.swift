import SystemPackage

/// How a destination stands to its name while it is filled.
enum PublicationState: Equatable {
  /// Made under its name.
  case new
  /// Made under its name, which another file had that has this one now.
  case successor(of: FilePath?)
  /// Was there before, under its name.
  case existing
  /// Has no name yet; see `Publication.unnamed`.
  case unnamed
  /// Has another name yet, in the same directory; see `Publication.temporary`.
  case temporary(FilePath, replaces: Bool)

  /// Whether it takes the place of something.
  var replaces: Bool {
    if case .temporary(_, replaces: true) = self { true } else { false }
  }
}

/// A destination opened for writing: empty when it is a regular file.
struct OpenDestination: ~Copyable {
  let descriptor: Descriptor
  let publicationState: PublicationState
  let type: FileType

  init(
    _ descriptor: consuming Descriptor, _ publicationState: PublicationState,
    _ type: FileType = .regular
  ) {
    self.descriptor = descriptor
    self.publicationState = publicationState
    self.type = type
  }
}

extension EntryCopier {
  /// Makes the destination, or opens what is there, by the publication that was
  /// asked for and the decision. Nil when that was to skip it.
  func openDestination(
    mode: UInt32, _ entry: EntryFacts, _ file: borrowing Descriptor,
    _ source: Location, _ destination: Location
  ) throws(ReflinkError) -> OpenDestination? {
    if options.publication != .inPlace {
      return try openUnpublished(mode: mode, entry, source, destination)
    }
    do throws(SystemError) {
      return OpenDestination(
        try destination.directory.descriptor.open(
          destination.name, [.write, .create, .exclusive], mode: mode), .new)
    } catch {
      guard error.errno == .fileExists else {
        throw notMade(.createFile, error, source, destination)
      }
    }
    let settled = try settle(entry, source, destination)
    switch settled.action.kind {
    case .overwrite(let orReplace):
      let existing = try openExisting(orReplace, entry, file, source, destination)
      if let existing { return existing }
      return try replace(mode: mode, source, destination)
    case .replace:
      return try replace(mode: mode, source, destination)
    case .backUp:
      do throws(ReflinkError) {
        return try attempt(.createFile, source, destination) { () throws(SystemError) in
          OpenDestination(
            try destination.directory.descriptor.open(
              destination.name, [.write, .create, .exclusive], mode: mode),
            .successor(of: settled.moved?.name))
        }
      } catch {
        if let moved = settled.moved { putBack(moved, destination) }
        throw error
      }
    case .createThroughLink:
      return try attempt(.createFile, source, destination) { () throws(SystemError) in
        OpenDestination(
          try destination.directory.descriptor.open(
            destination.name, [.write, .create], mode: mode), .existing)
      }
    case .create:
      throw refused(.exists, source, destination)
    case .skip, .leave, .ask, .refuse:
      return nil
    }
  }

  /// A new file that takes the place of what is there once it is complete: what is
  /// there is not lost to a copy that fails.
  private func replace(
    mode: UInt32, _ source: Location, _ destination: Location
  ) throws(ReflinkError) -> OpenDestination {
    let successor: OpenDestination
    do throws(SystemError) {
      successor = try openTemporary(mode: mode, replaces: true, destination)
    } catch {
      // A directory that takes no new name gives none away either.
      let isLocked = [.permissionDenied, .notPermitted, .readOnlyFileSystem].contains(error.errno)
      throw error.during(isLocked ? .remove : .createFile, source.path, destination.path)
    }
    tell(.removed, source, destination)
    return successor
  }

  /// The file that is there, emptied. Nil when it is to be replaced instead.
  private func openExisting(
    _ orReplace: Bool, _ entry: EntryFacts, _ file: borrowing Descriptor,
    _ source: Location, _ destination: Location
  ) throws(ReflinkError) -> OpenDestination? {
    var isSameFile = false
    do throws(SystemError) {
      let existing = try destination.directory.descriptor.open(destination.name, .write)
      // The decision was made by name; this is the file itself.
      let status = try existing.status()
      if status.identity == entry.source.identity {
        isSameFile = true
        throw SystemError(call: .open, errno: .fileExists)
      }
      // Opening it waited for a reader; writing to it will not.
      if status.type == .fifo { try existing.neverWait() }
      try prepare(existing, status, for: file, entry.source)
      return OpenDestination(existing, .existing, status.type)
    } catch {
      if isSameFile { throw refused(.sameFile, source, destination) }
      if orReplace, error.call == .open { return nil }
      throw cannotWrite(error, source, destination)
    }
  }

  /// Empties a file that is there, once a clone that is required is known to be possible.
  func prepare(
    _ existing: borrowing Descriptor, _ status: FileStatus,
    for file: borrowing Descriptor, _ source: FileStatus
  ) throws(SystemError) {
    guard options.product == .copies else { return }
    let isRegular = status.type == .regular
    if options.cloning == .required {
      try requireSharing(file, source, into: existing, isRegular: isRegular)
      if let change = existing.noCopyOnWriteDifference(to: file), !existing.mayAdopt(change) {
        throw SystemError(call: .cloneRange, errno: .notPermitted)
      }
    }
    if isRegular { try existing.truncate(to: 0) }
  }

  /// Why a file that is there cannot be filled anew.
  func cannotWrite(
    _ error: SystemError, _ source: Location, _ destination: Location
  ) -> ReflinkError {
    let isClone = error.call == .cloneRange
    var failure = error.during(isClone ? .clone : .createFile, source.path, destination.path)
    if isClone, case .fallBack(let cause) = verdict(on: error) {
      failure.code = ReflinkError.Code(cause)
    }
    return failure
  }

  /// Before an existing file loses its data to a clone that must succeed.
  private func requireSharing(
    _ file: borrowing Descriptor, _ status: FileStatus,
    into existing: borrowing Descriptor, isRegular: Bool
  ) throws(SystemError) {
    guard status.type == .regular, isRegular else {
      throw SystemError(call: .cloneRange, errno: .notSupported)
    }
    guard status.size <= fileSizeLimit() else {
      throw SystemError(call: .cloneRange, errno: .fileTooLarge)
    }
    try existing.requireSharing(with: file)
  }
}
