import SystemPackage

/// A range on its way: opened on both sides, then moved on in turns.
struct RangeCopy: ~Copyable, Operation {
  private var transfer: RangeTransfer
  private let source: FilePath
  private let destination: FilePath
  private let target: RangeSide
  private let activity: Activity?

  /// Opens both files.
  init(
    from source: Operand, _ range: Range<Int64>, to destination: Operand, at offset: Int64,
    _ cloning: CopyOptions.Cloning, _ activity: Activity?
  ) throws(ReflinkError) {
    self.source = source.path
    self.destination = destination.path
    self.activity = activity
    func fail(_ code: ReflinkError.Code, _ reason: String) -> ReflinkError {
      ReflinkError(
        code: code, operation: .prepare, source: source.path, destination: destination.path,
        reason: reason)
    }
    guard range.lowerBound >= 0 else {
      throw fail(.invalidArgument, "the range begins at \(range.lowerBound)")
    }
    guard offset >= 0 else { throw fail(.invalidArgument, "the offset is \(offset)") }
    let length = range.length
    guard !offset.addingReportingOverflow(length).overflow else {
      throw fail(.invalidArgument, "no file is so long")
    }

    let side = RangeSide(source, .source, .nonBlocking)
    let from = try side.open(source, destination)
    let sourceStatus = try side.status(from, source, destination)
    guard sourceStatus.type == .regular else {
      throw fail(.wrongType, "\(source.path) is not a regular file")
    }
    guard range.upperBound <= sourceStatus.size else {
      throw fail(
        .invalidArgument,
        "the range ends at \(range.upperBound), the file at \(sourceStatus.size)")
    }
    // Nothing to do: no destination is opened, or made.
    if range.isEmpty {
      target = RangeSide(destination, .destination, .read)
      transfer = RangeTransfer(
        from: from, sourceStatus, range, into: Descriptor(owning: -1), sourceStatus, at: offset,
        unit: SharingUnit(bytes: 4096), cloning: cloning)
      return
    }
    activity?.controller?.expect(bytes: length, files: 0)

    // Readable too: in one file, the range is read from it.
    var target = RangeSide(destination, .destination, [.readWrite, .nonBlocking])
    let to = try target.openOrMake(source, destination)
    let unit = (try? to.sharingUnit()) ?? SharingUnit(bytes: 4096)
    let status: FileStatus
    do throws(ReflinkError) {
      status = try target.status(to, source, destination)
      try target.requireOffsets(to, source, destination)
      guard status.type == .regular else {
        throw fail(.wrongType, "\(destination.path) is not a regular file")
      }
      if sourceStatus.identity == status.identity, (offset..<offset + length).overlaps(range) {
        throw fail(.sameFile, "the range would overlap its copy")
      }
      if cloning == .required, (offset - range.lowerBound) % unit.bytes != 0 {
        throw fail(
          .notSupported(.misaligned),
          "the range and its place differ by no multiple of \(unit.bytes) bytes")
      }
    } catch {
      var failure = error
      failure.leftover = target.removeIfMade(to)
      throw failure
    }
    self.target = target
    transfer = RangeTransfer(
      from: from, sourceStatus, range, into: to, status, at: offset, unit: unit,
      cloning: cloning)
  }

  var outcome: CopyOutcome { transfer.outcome }

  mutating func resume(_ turn: WorkerTurn?) throws(ReflinkError) -> Turn {
    var failure: ReflinkError
    do throws(SystemError) {
      let end: Turn
      if let turn {
        end = try advance(
          &transfer, activity, slice: turn.slice, othersWait: { turn.othersWait })
      } else {
        end = try run(&transfer, activity) ? .finished : .cancelled
      }
      switch end {
      case .spent, .waiting: return end
      case .finished where transfer.bytesRemaining == 0: return .finished
      case .finished, .cancelled: break
      }
      failure = ReflinkError(
        code: end == .finished ? .sourceChanged : .cancelled, operation: .clone,
        source: source, destination: destination)
    } catch {
      failure = error.during(error.call.operation, source, destination)
      if transfer.cloning == .required, let cause = transfer.outcome.fallback {
        failure.code = ReflinkError.Code(cause)
      }
    }
    failure.bytesDone = transfer.bytesDone
    failure.bytesRemaining = transfer.bytesRemaining
    failure.leftover = transfer.withDestination { target.removeIfMade($0) }
    throw failure
  }
}

/// One of the two files of a range.
private struct RangeSide: Sendable {
  private let file: Operand
  private let side: ReflinkError.Side
  private let flags: OpenFlags
  private var wasMade = false

  init(_ file: Operand, _ side: ReflinkError.Side, _ flags: OpenFlags) {
    self.file = file
    self.side = side
    self.flags = flags
  }

  func open(
    _ source: Operand, _ destination: Operand
  ) throws(ReflinkError) -> Descriptor {
    do throws(SystemError) {
      return try file.open(flags)
    } catch {
      throw error.during(.open(side), source.path, destination.path)
    }
  }

  mutating func openOrMake(
    _ source: Operand, _ destination: Operand
  ) throws(ReflinkError) -> Descriptor {
    guard case .named = file else { return try open(source, destination) }
    do throws(SystemError) {
      do throws(SystemError) {
        let made = try file.open(flags.union([.create, .exclusive]), mode: 0o666)
        wasMade = true
        return made
      } catch {
        guard error.errno == .fileExists else { throw error }
        return try file.open(flags)
      }
    } catch {
      throw error.during(wasMade ? .createFile : .open(side), source.path, destination.path)
    }
  }

  func status(
    _ file: borrowing Descriptor, _ source: Operand, _ destination: Operand
  ) throws(ReflinkError) -> FileStatus {
    do throws(SystemError) {
      return try file.status()
    } catch {
      throw error.during(.examine(side), source.path, destination.path)
    }
  }

  /// Whatever the offset, a file that is open for appending is written at its end.
  func requireOffsets(
    _ file: borrowing Descriptor, _ source: Operand, _ destination: Operand
  ) throws(ReflinkError) {
    do throws(SystemError) {
      guard try file.isAppending() else { return }
    } catch {
      throw error.during(.write, source.path, destination.path)
    }
    throw ReflinkError(
      code: .invalidArgument, operation: .write, source: source.path,
      destination: destination.path, errno: .badFileDescriptor,
      reason: "\(destination.path) is open for appending")
  }

  /// Returns the path of what could not be removed.
  func removeIfMade(_ made: borrowing Descriptor) -> FilePath? {
    guard wasMade, case .named(let location) = file else { return nil }
    return location.with { NameTransaction.named.discard(made, at: $0) }
  }
}
