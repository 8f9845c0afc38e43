#if canImport(Darwin)
  import Darwin
  import SystemPackage

  /// How one file, or one symbolic link, is copied.
  struct FileCopy {
    let options: CopyOptions
    let activity: Activity?
    let isOperand: Bool
    /// Whether it takes the place of what has the name.
    let replaces: Bool

    private var controller: CopyController? { activity?.controller }

    /// Clones or copies a file that is open; named from the start, or when it is complete.
    func copy(
      _ file: Descriptor, _ source: Location, to destination: Location
    ) throws(ReflinkError) -> CopyOutcome {
      let status = try attempt(.examine(.source), source, destination) { () throws(Errno) in
        try file.status()
      }
      guard status.type == .regular else {
        throw ReflinkError(
          code: .sourceChanged, operation: .open(.source), source: source.path,
          destination: destination.path, reason: "it is no regular file any more")
      }
      if isOperand { controller?.expect(bytes: status.size, files: 1) }
      controller?.begin(source.path)
      let growsInPlace = options.publication == .inPlace && !replaces
      let made = growsInPlace ? destination : destination.temporary
      var new: Descriptor?
      var (isMade, isComplete) = (false, false)
      do throws(ReflinkError) {
        var outcome = CopyOutcome()
        try clone(file, status, source, to: made, destination, &outcome)
        let isCloned = outcome.clone == .worked
        isMade = isCloned
        let copy = try attempt(.createFile, source, destination) { () throws(Errno) in
          // Its owner's alone until it has its rights.
          let rights = options.preserving.mode ? 0o600 : status.permissions.rawValue & 0o777
          let flags = isCloned ? O_RDONLY : O_RDWR | O_CREAT | O_EXCL
          return try made.directory.open(made.name, flags | O_NOFOLLOW, mode: mode_t(rights))
        }
        new = copy
        isMade = true
        if !isCloned {
          try moveData(file, copy, status.size, source.path, destination.path, &outcome)
          try noteChange(of: file, since: status, source, destination, &outcome)
        }
        isComplete = true
        var preserving = options.preserving
        // The clone has them.
        if isCloned { preserving.extendedAttributes = .ignore }
        try preserving.set(status, file, on: copy, source.path, destination.path)
        if !growsInPlace {
          try attempt(.publish, source, destination) { () throws(Errno) in
            try made.publish(as: destination, replacing: replaces)
          }
        }
        controller?.fileDone()
        return outcome
      } catch {
        var failure = error
        // What was not made here (its name is taken, say) is not taken away.
        guard isMade else { throw failure }
        let stays = growsInPlace && (isComplete || options.partialFiles == .keep)
        if stays || !made.discard(new) { failure.leftover = made.path }
        throw failure
      }
    }

    /// fclonefileat(2), where it is wanted and works. Throws where it must.
    private func clone(
      _ file: Descriptor, _ status: FileStatus, _ source: Location, to made: Location,
      _ destination: Location, _ outcome: inout CopyOutcome
    ) throws(ReflinkError) {
      let cloning = options.cloning(of: status)
      guard cloning != .never, options.holes != .fill else { return outcome.clone = .avoided }
      // It would keep more of its source than was asked for.
      guard options.isKeptByClone else { return outcome.clone = .refused(.notSupported) }
      do throws(Errno) {
        let flags = options.preserving.owner == .ignore ? CLONE_NOOWNERCOPY : 0
        _ = try check {
          unsafe fclonefileat(file.number, made.directory.number, made.name, .init(flags))
        }
      } catch {
        let cause: FallbackCause
        switch error {
        case .improperLink: cause = .otherFileSystem
        case .notSupported, .notSupportedOnSocket, .noFunction: cause = .notSupported
        case .notPermitted, .permissionDenied: cause = .denied
        default: throw error.during(.clone, source.path, destination.path)
        }
        outcome.clone = .refused(cause)
        guard cloning == .required else { return }
        var failure = error.during(.clone, source.path, destination.path)
        failure.code = ReflinkError.Code(cause)
        throw failure
      }
      outcome.clone = .worked
      outcome.cloned = status.size
      controller?.add(status.size)
      controller?.moves(by: .cloned)
    }

    /// fcopyfile(3) of the data alone: nothing is shared.
    private func moveData(
      _ file: Descriptor, _ copy: Descriptor, _ size: Int64, _ source: FilePath,
      _ destination: FilePath, _ outcome: inout CopyOutcome
    ) throws(ReflinkError) {
      let data = DataCopy(activity)
      let fills = options.holes == .fill
      do throws(Errno) {
        try data.run(from: file, to: copy, keepsHoles: !fills)
      } catch {
        var failure = error.during(error == .canceled ? .prepare : .write, source, destination)
        failure.bytesDone = data.bytesDone
        failure.bytesRemaining = max(size.saturatingSubtract(data.bytesDone), 0)
        throw failure
      }
      outcome.copied = data.bytesDone
      if !fills { outcome.holes = max(size.saturatingSubtract(data.bytesDone), 0) }
      controller?.add(outcome.holes)
    }

    private func noteChange(
      of file: Descriptor, since before: FileStatus, _ source: Location, _ destination: Location,
      _ outcome: inout CopyOutcome
    ) throws(ReflinkError) {
      guard options.sourceChanges == .told else { return }
      let now = try attempt(.examine(.source), source, destination) { () throws(Errno) in
        try file.status()
      }
      outcome.sourceChanged =
        now.size != before.size || now.modified != before.modified || now.changed != before.changed
    }

    /// All data of an open file into another, which loses what it had. The offsets of the two
    /// move meanwhile, and are put back.
    func copyData(
      _ source: Operand.OpenFile, into destination: Operand.OpenFile
    ) throws(ReflinkError) -> CopyOutcome {
      let (file, target) = (source.descriptor, destination.descriptor)
      var outcome = CopyOutcome()
      let (status, existing, flags): (FileStatus, FileStatus, CInt)
      do throws(Errno) {
        status = try file.status()
        existing = try target.status()
        flags = try check { fcntl(target.number, F_GETFL, 0) }
      } catch {
        throw error.during(.examine(.destination), source.path, destination.path)
      }
      if status.identity == existing.identity {
        throw ReflinkError(
          code: .sameFile, operation: .refuse(.sameFile), source: source.path,
          destination: destination.path)
      }
      guard status.type == .regular, existing.type == .regular else {
        throw .unsupported(
          .prepare, "only regular files are copied into each other", source.path, destination.path)
      }
      guard flags & O_ACCMODE != O_RDONLY, flags & O_APPEND == 0 else {
        throw ReflinkError(
          code: .invalidArgument, operation: .createFile, source: source.path,
          destination: destination.path, errno: .badFileDescriptor,
          reason: "\(destination.path) is not open for writing, or open for appending")
      }
      controller?.begin(source.path)
      controller?.expect(bytes: status.size, files: 1)
      outcome.clone = options.cloning == .never ? .avoided : .refused(.notSupported)
      let offsets = (lseek(file.number, 0, SEEK_CUR), lseek(target.number, 0, SEEK_CUR))
      defer {
        lseek(file.number, offsets.0, SEEK_SET)
        lseek(target.number, offsets.1, SEEK_SET)
      }
      do throws(Errno) {
        _ = try check { CInt(clamping: lseek(file.number, 0, SEEK_SET)) }
        _ = try check { CInt(clamping: lseek(target.number, 0, SEEK_SET)) }
        _ = try check { ftruncate(target.number, 0) }
      } catch {
        throw error.during(.write, source.path, destination.path)
      }
      try moveData(file, target, status.size, source.path, destination.path, &outcome)
      controller?.fileDone()
      return outcome
    }

    /// A symbolic link, made anew.
    func copyLink(_ source: Location, to destination: Location) throws(ReflinkError) {
      let made = replaces ? destination.temporary : destination
      let text = try attempt(.readLink, source, destination) { () throws(Errno) in
        try source.linkTarget()
      }
      try attempt(.createSymbolicLink, source, destination) { () throws(Errno) in
        _ = try check { unsafe symlinkat(text, made.directory.number, made.name) }
      }
      do throws(ReflinkError) {
        let links = try attempt(.examine(.source), source, destination) { () throws(Errno) in
          (try source.open(O_RDONLY | O_SYMLINK), try made.open(O_RDONLY | O_SYMLINK))
        }
        let status = try attempt(.examine(.source), source, destination) { () throws(Errno) in
          try links.0.status()
        }
        try options.preserving.set(status, links.0, on: links.1, source.path, destination.path)
        guard replaces else { return }
        try attempt(.publish, source, destination) { () throws(Errno) in
          try made.publish(as: destination, replacing: true)
        }
      } catch {
        if replaces { unsafe unlinkat(made.directory.number, made.name, 0) }
        throw error
      }
    }
  }

  extension Location {
    /// readlinkat(2).
    fileprivate func linkTarget() throws(Errno) -> String {
      // A byte more than any target has, for its end.
      var bytes = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
      let count = try check {
        CInt(clamping: unsafe readlinkat(directory.number, name, &bytes, Int(PATH_MAX)))
      }
      return String(decoding: bytes.prefix(Int(count)).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Gives what is complete its name in the same directory: a free one, or another file's.
    func publish(as destination: Location, replacing: Bool) throws(Errno) {
      _ = try check {
        unsafe renameatx_np(
          directory.number, name, destination.directory.number, destination.name,
          .init(replacing ? 0 : RENAME_EXCL))
      }
    }

    /// Removes what was made, if it still has this name. False where it is still there.
    fileprivate func discard(_ made: Descriptor?) -> Bool {
      do throws(Errno) {
        if let made, try status(follow: false)?.identity != made.status().identity { return true }
        _ = try check { unsafe unlinkat(directory.number, name, 0) }
        return true
      } catch {
        return false
      }
    }
  }
#endif
