import SystemPackage

/// Links in place of copies.
extension EntryCopier {
  /// A symbolic link to the path by which the source was named, byte for byte.
  func linkSymbolically(
    _ entry: EntryFacts, _ source: Location, to destination: Location
  ) throws(ReflinkError) -> Result {
    let target = source.bytes
    // A relative path leads to the source only from where it was given.
    if !target.isAbsolute, !destination.isInCurrentDirectory {
      // A name that is taken decides first.
      switch try resolveConflict(entry, source, destination)?.kind {
      case .skip, .keepDifferent: return .skipped
      case .leave: return .unchanged
      default: break
      }
      throw ReflinkError(
        code: .invalidArgument, operation: .linkSymbolically, source: source.path,
        destination: destination.path)
    }
    let creation = try create(.linkSymbolically, entry, source, destination) {
      (name) throws(SystemError) in
      try destination.directory.descriptor.makeSymbolicLink(name, to: target)
    }
    switch creation {
    case .skipped: return .skipped
    case .unchanged: return .unchanged
    case .made(let transaction):
      let link = EntryFacts(
        source: entry.source.like(.symbolicLink), destination: .unseen,
        isOperand: entry.isOperand)
      let keeps = options.preserving.ofLinkToSource
      guard transaction.state != .named || created != nil || keeps != .nothing else {
        return .symbolicLink
      }
      let made = try openMade(transaction, link.source, source, destination)
      let failure = keepAttributes(keeps, entry.source, source, of: made, destination)
      try publish(transaction, made, source, destination)
      try attempt(.examine(.destination), source, destination) { () throws(SystemError) in
        try remember(link, destination, made)
      }
      if let failure { throw failure }
      return .symbolicLink
    }
  }

  /// Gives a link the times and attributes of the source that it leads to.
  private func keepAttributes(
    _ preserving: CopyOptions.Preservation, _ status: FileStatus, _ source: Location,
    of made: borrowing Descriptor, _ destination: Location
  ) -> ReflinkError? {
    if preserving == .nothing { return nil }
    do throws(SystemError) {
      let follow = status.type != .symbolicLink
      let from = try source.open(follow ? .reference : [.reference, .noFollow])
      do throws(AttributeCopy.Failure) {
        try AttributeCopy(
          preserving: preserving,
          attributes: SourceAttributes(listing: from, .symbolicLink, for: preserving),
          isNew: true, mayHaveACL: false
        ).apply(status.like(.symbolicLink), from: from, to: made)
        return nil
      } catch {
        return report(error, source, destination)
      }
    } catch {
      return error.during(.open(.source), source.path, destination.path)
    }
  }

  /// Another name of the source itself.
  func makeHardLink(
    _ entry: EntryFacts, _ file: consuming Descriptor, _ source: Location,
    to destination: Location
  ) throws(ReflinkError) -> Result {
    let result = try linkFile(entry, file, source, destination)
    if case .alreadyLinked = result { return .unchanged }
    return result
  }

  /// Gives an open file the destination's name too.
  func linkFile(
    _ entry: EntryFacts, _ file: borrowing Descriptor, _ source: Location,
    _ destination: Location
  ) throws(ReflinkError) -> Result {
    // A borrowed descriptor cannot be used in a closure; its number can.
    let number = file.number
    let creation = try create(.createHardLink, entry, source, destination) {
      (name) throws(SystemError) in
      try destination.directory.descriptor.link(name, toFile: number)
    }
    switch creation {
    case .skipped: return .skipped
    case .unchanged: return .alreadyLinked
    case .made(let transaction):
      try publish(transaction, file, source, destination)
      if entry.isOperand, let created {
        // Not the source's: of a later name, the file is the earlier copy.
        do throws(SystemError) {
          created.insert(destination, try file.status().identity)
        } catch {
          throw error.during(.examine(.destination), source.path, destination.path)
        }
      }
    }
    return .hardLink
  }
}

extension CopyOptions.Preservation {
  /// What a link keeps of the source that it is made for: not its rights, which are its own.
  fileprivate var ofLinkToSource: CopyOptions.Preservation {
    CopyOptions.Preservation(times: times, extendedAttributes: extendedAttributes)
  }
}

extension FileStatus {
  /// The same with another type, for what has no device number.
  fileprivate func like(_ type: FileType) -> FileStatus {
    var status = self
    status.type = type
    status.specialDevice = DeviceID(rawValue: 0)
    return status
  }
}

extension Location {
  /// Whether the directory that holds the name is the current one.
  fileprivate var isInCurrentDirectory: Bool {
    let here = try? OwnedName.dot.with { (name) throws(SystemError) in
      try Descriptor.currentDirectory.status(of: name, follow: true)
    }
    let there = try? directory.descriptor.status()
    return here != nil && here?.identity == there?.identity
  }
}
