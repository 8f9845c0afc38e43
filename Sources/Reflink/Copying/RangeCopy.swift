import SystemPackage

/// A range on its way: opened on both sides, then moved on in turns.
struct RangeCopy: ~Copyable, Operation {
  private var transfer: RangeTransfer
  private let source: FilePath
  private let destination: FilePath
  private let target: RangeSide
  private let controller: CopyController?

  /// Opens both files.
  init(
    from source: FileOperand, _ range: Range<Int64>, to destination: FileOperand, at offset: Int64,
    _ cloning: Cloning, _ controller: CopyController?
  ) throws(ReflinkError) {
    self.source = source.path
    self.destination = destination.path
    self.controller = controller
    func fail(_ code: ReflinkError.Code) -> ReflinkError {
      ReflinkError(
        code: code, operation: .prepare, source: source.path, destination: destination.path)
    }
    let length = range.upperBound - range.lowerBound
    guard range.lowerBound >= 0, offset >= 0, !offset.addingReportingOverflow(length).overflow
    else { throw fail(.invalidArgument) }

    let side = RangeSide(source, .source, .nonBlocking)
    let from = try side.open(source, destination)
    let sourceStatus = try side.status(from, source, destination)
    guard sourceStatus.type == .regular else { throw fail(.wrongType) }
    guard range.upperBound <= sourceStatus.size else { throw fail(.invalidArgument) }
    // Nothing to do: no destination is opened, or made.
    if range.isEmpty {
      target = RangeSide(destination, .destination, .read)
      transfer = RangeTransfer(
        from: from, sourceStatus, range, into: .currentDirectory, sourceStatus, at: offset,
        unit: SharingUnit(bytes: 4096), cloning: cloning)
      return
    }
    controller?.expect(bytes: length, files: 0)

    // Readable too: in one file, the range is read from it.
    var target = RangeSide(destination, .destination, [.readWrite, .nonBlocking])
    let to = try target.openOrMake(source, destination)
    let unit = (try? to.sharingUnit()) ?? SharingUnit(bytes: 4096)
    let status: FileStatus
    do throws(ReflinkError) {
      status = try target.status(to, source, destination)
      try target.requireOffsets(to, source, destination)
      guard status.type == .regular else { throw fail(.wrongType) }
      if sourceStatus.identity == status.identity, (offset..<offset + length).overlaps(range) {
        throw fail(.sameFile)
      }
      if cloning == .required, (offset - range.lowerBound) % unit.bytes != 0 {
        throw fail(.notSupported(.misaligned))
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
          &transfer, controller: controller, slice: turn.slice, othersWait: { turn.othersWait })
      } else {
        end = try run(&transfer, controller: controller) ? .finished : .cancelled
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
      let operation: ReflinkError.Operation =
        switch error.call {
        case .copyRange: .offload
        case .read: .read
        case .write: .write
        default: .clone
        }
      failure = error.during(operation, source, destination)
      if transfer.cloning == .required, let cause = transfer.outcome.fallback {
        failure.code = ReflinkError.Code(cause)
      }
    }
    failure.bytesDone = transfer.bytesDone
    failure.bytesRemaining = transfer.bytesRemaining
    failure.leftover = target.removeIfMade(transfer.destination)
    throw failure
  }
}

/// One of the two files of a range.
private struct RangeSide: Sendable {
  private let file: FileOperand
  private let side: ReflinkError.Side
  private let flags: OpenFlags
  private var wasMade = false

  init(_ file: FileOperand, _ side: ReflinkError.Side, _ flags: OpenFlags) {
    self.file = file
    self.side = side
    self.flags = flags
  }

  func open(
    _ source: FileOperand, _ destination: FileOperand
  ) throws(ReflinkError) -> Descriptor {
    do throws(SystemError) {
      return try file.open(flags)
    } catch {
      throw error.during(.open(side), source.path, destination.path)
    }
  }

  mutating func openOrMake(
    _ source: FileOperand, _ destination: FileOperand
  ) throws(ReflinkError) -> Descriptor {
    guard case .path = file else { return try open(source, destination) }
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
    _ file: borrowing Descriptor, _ source: FileOperand, _ destination: FileOperand
  ) throws(ReflinkError) -> FileStatus {
    do throws(SystemError) {
      return try file.status()
    } catch {
      throw error.during(.examine(side), source.path, destination.path)
    }
  }

  /// Whatever the offset, a file that is open for appending is written at its end.
  func requireOffsets(
    _ file: borrowing Descriptor, _ source: FileOperand, _ destination: FileOperand
  ) throws(ReflinkError) {
    do throws(SystemError) {
      if try file.appends() { throw SystemError(call: .write, errno: .badFileDescriptor) }
    } catch {
      throw error.during(.write, source.path, destination.path)
    }
  }

  /// Returns the path of what could not be removed.
  func removeIfMade(_ made: borrowing Descriptor) -> FilePath? {
    guard wasMade else { return nil }
    return file.path.withName { name in
      PublicationState.new.discard(made, at: Location(.current, name))
    }
  }
}
