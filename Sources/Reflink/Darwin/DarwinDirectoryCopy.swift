#if canImport(Darwin)
  import Darwin
  import SystemPackage

  extension TreeCopy {
    /// A directory, made or entered, and all that is in it; its attributes last.
    ///
    /// - Parameter inside: As of `copy`.
    mutating func copyDirectory(
      _ status: FileStatus, _ source: Location, to destination: Location, _ inside: String?,
      _ follows: Bool
    ) throws(ReflinkError) {
      if ancestors.contains(status.identity) { throw refused(.cyclicLink, source, destination) }
      if root?.identity == status.identity { throw refused(.intoItself, source, destination) }
      guard ancestors.count < Self.deepest else {
        throw .unsupported(
          .prepare, "directories in each other, more than \(Self.deepest)", source.path,
          destination.path)
      }
      let from = try attempt(.open(.source), source, destination) { () throws(Errno) in
        try source.open(O_RDONLY | O_DIRECTORY | (follows ? 0 : O_NOFOLLOW))
      }
      ancestors.append(status.identity)
      defer { ancestors.removeLast() }
      if request.isCounting {
        outcome.account.add(.directory(isNew: true))
        return try copyContents(of: from, source, to: from, source, inside)
      }
      let isNew = try !exists(destination, source)
      let appearsComplete = isNew && inside == nil && options.publication != .inPlace
      let made = appearsComplete ? destination.temporary : destination
      if isNew {
        try attempt(.createDirectory, source, destination) { () throws(Errno) in
          // Its owner's alone until it has its rights; in any case its owner's, to be filled.
          let rights = options.preserving.mode ? 0o700 : status.permissions.rawValue & 0o777 | 0o700
          _ = try check { unsafe mkdirat(made.directory.number, made.name, mode_t(rights)) }
        }
      }
      do throws(ReflinkError) {
        let to = try attempt(.open(.destination), source, destination) { () throws(Errno) in
          try made.open(O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        }
        if inside == nil {
          let identity = try attempt(.examine(.destination), source, destination) {
            () throws(Errno) in try to.status().identity
          }
          root = (to, identity)
        }
        add(.directory(isNew: isNew), source, destination)
        try copyContents(of: from, source, to: to, destination, inside)
        try options.preserving.set(status, from, on: to, source.path, destination.path)
        if isNew, !options.preserving.mode {
          try attempt(.preserveMode, source, destination) { () throws(Errno) in
            // What the umask has left of the source's.
            let left = try to.status().permissions.intersection(status.permissions)
            _ = try check { fchmod(to.number, mode_t(left.rawValue)) }
          }
        }
        guard appearsComplete else { return }
        try attempt(.publish, source, destination) { () throws(Errno) in
          try made.publish(as: destination, replacing: false)
        }
      } catch {
        guard appearsComplete else { throw error }
        var failure = error
        let flags = removefile_flags_t(REMOVEFILE_RECURSIVE)
        if unsafe removefileat(made.directory.number, made.name, nil, flags) != 0 {
          failure.leftover = made.path
        }
        throw failure
      }
    }

    private mutating func copyContents(
      of from: Descriptor, _ source: Location, to: Descriptor, _ destination: Location,
      _ inside: String?
    ) throws(ReflinkError) {
      let names = try attempt(.readDirectory, source, destination) { () throws(Errno) in
        try from.names()
      }
      // The operand's own name is no part of the paths below it.
      let path = inside.map { $0 == "." ? destination.name : "\($0)/\(destination.name)" } ?? "."
      for name in names {
        let entry = source.entry(name, in: from)
        let target = destination.entry(name, in: to)
        if entry.isTemporary { continue }
        if excludes(entry, path) {
          add(.excluded, entry, target)
          continue
        }
        do throws(ReflinkError) {
          try copy(entry, to: target, inside: path)
        } catch {
          guard request.parts.onFailure.absorbs(error, in: &outcome.account) else { throw error }
          request.parts.onFailure.tell(error)
        }
      }
    }

    private func excludes(_ entry: Location, _ directory: String) -> Bool {
      guard let filter else { return false }
      return filter.excludes(
        OwnedName(entry.name),
        path: { OwnedName(directory == "." ? entry.name : "\(directory)/\(entry.name)") },
        isDirectory: { (try? entry.status(follow: false))?.type == .directory })
    }
  }
#endif
