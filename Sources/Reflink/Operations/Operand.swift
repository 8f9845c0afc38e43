import SystemPackage

/// A file that a caller named, or holds open. Opened once, at the call, on the caller's
/// thread: what happens to the current directory or the caller's descriptor later does
/// not matter.
enum Operand: Sendable {
  case named(OwnedLocation)
  case open(OpenFile)

  /// Another descriptor of what the caller holds open.
  final class OpenFile: Sendable {
    let descriptor: Descriptor
    let path: FilePath

    init(_ file: FileDescriptor) throws(SystemError) {
      path = Self.path(of: file)
      descriptor = try Descriptor(duplicating: file.rawValue)
    }

    /// As it is told in errors.
    static func path(of file: FileDescriptor) -> FilePath {
      FilePath("descriptor \(file.rawValue)")
    }

    /// For messages alone: nothing can be opened by it.
    var messageOnlyLocation: OwnedLocation {
      OwnedLocation(
        Directory(Descriptor(owning: -1), DirectoryPath(OwnedName(""))), OwnedName(path))
    }
  }

  init(_ path: FilePath, _ side: ReflinkError.Side = .source) throws(ReflinkError) {
    do throws(SystemError) {
      self = .named(try OwnedLocation(resolving: OwnedName(path)))
    } catch {
      throw error.during(.open(side), path)
    }
  }

  init(_ file: FileDescriptor, _ side: ReflinkError.Side = .source) throws(ReflinkError) {
    do throws(SystemError) {
      self = .open(try OpenFile(file))
    } catch {
      throw error.during(.open(side), OpenFile.path(of: file))
    }
  }

  /// As it is told in errors.
  var path: FilePath {
    switch self {
    case .named(let location): location.path
    case .open(let file): file.path
    }
  }

  /// Opens the file, or takes a descriptor of what is open.
  func open(_ flags: OpenFlags, mode: UInt32 = 0) throws(SystemError) -> Descriptor {
    switch self {
    case .named(let location):
      try location.with { (location) throws(SystemError) in try location.open(flags, mode: mode) }
    case .open(let file): try Descriptor(duplicating: file.descriptor.number)
    }
  }
}

/// The two locations of a copy.
struct OperandPair: Sendable {
  let source: OwnedLocation
  let destination: OwnedLocation

  /// - Parameter entries: By whose rules an error is told where the destination's directory is
  ///   not there: what is wrong with the source comes first.
  init(
    _ source: OwnedName, _ destination: OwnedName, _ entries: EntryCopier
  ) throws(ReflinkError) {
    do throws(SystemError) {
      self.source = try OwnedLocation(resolving: source)
    } catch {
      throw error.during(.examine(.source), source.path, destination.path)
    }
    do throws(SystemError) {
      self.destination = try OwnedLocation(resolving: destination)
    } catch {
      let path = destination.path
      throw self.source.with { entries.unreachable(error, from: $0, path) }
    }
  }
}

extension OperandPair {
  /// What the copy builds on, opened.
  func earlierCopies(_ basis: CopyBasis?) throws(ReflinkError) -> EarlierCopies? {
    guard let basis else { return nil }
    return try EarlierCopies(basis, of: source, to: destination)
  }
}

extension EntryCopier {
  /// Why nothing can be made in a directory that cannot be opened, in the words for what
  /// was to be made there.
  fileprivate func unreachable(
    _ error: SystemError, from source: Location, _ destination: FilePath
  ) -> ReflinkError {
    let status: FileStatus
    do throws(SystemError) {
      status = try source.status(follow: options.symbolicLinks.follows(isOperand: true))
    } catch {
      return error.during(.examine(.source), source.path, destination)
    }
    let entry = EntryFacts(source: status, destination: .unseen, isOperand: true)
    if case .refuse(let refusal) = decide(entry).kind {
      return refused(refusal, source, source.path, destination)
    }
    // Any other errno is of the look at the name, which comes first.
    guard error.errno == .noSuchFileOrDirectory else {
      return error.during(.examine(.destination), source.path, destination)
    }
    // A source that is to be read is opened before its copy is made.
    if access(for: status.type) == .data {
      do throws(SystemError) {
        _ = try source.open(.nonBlocking)
      } catch {
        return error.during(.open(.source), source.path, destination)
      }
    }
    let operation: ReflinkError.Operation =
      switch (options.product, status.type) {
      case (_, .directory): .createDirectory
      case (.hardLinks, _): .createHardLink
      case (.symbolicLinks, _): .linkSymbolically
      case (_, .symbolicLink): .createSymbolicLink
      case (_, let type) where access(for: type) == .reference: .createSpecial(type)
      default: .createFile
      }
    return error.during(operation, source.path, destination)
  }

  private func refused(
    _ refusal: ReflinkError.Refusal, _ location: Location, _ source: FilePath,
    _ destination: FilePath
  ) -> ReflinkError {
    var failure = refused(refusal, location, location)
    failure.destination = destination
    return failure
  }
}
