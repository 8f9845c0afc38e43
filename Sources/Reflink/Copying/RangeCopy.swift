import Synchronization
import SystemPackage

/// A range on its way: opened on both sides, then moved on in turns.
struct RangeCopy: ~Copyable, Sendable {
  private var transfer: RangeTransfer
  private let source: FilePath
  private let destination: FilePath
  private let target: RangeSide
  private let control: Control?

  /// Opens both files. Nil where there is nothing to do.
  static func begin(
    _ source: FilePath, _ range: Range<Int64>, _ destination: FilePath, _ offset: Int64,
    _ cloning: Cloning, _ control: Control?
  ) throws(ReflinkError) -> RangeCopy? {
    func fail(_ code: ReflinkError.Code) -> ReflinkError {
      ReflinkError(code: code, operation: .prepare, source: source, destination: destination)
    }
    let length = range.upperBound - range.lowerBound
    guard range.lowerBound >= 0, offset >= 0, !offset.addingReportingOverflow(length).overflow
    else { throw fail(.invalidArgument) }

    let side = RangeSide(source, .source, .nonBlocking)
    let from = try side.open(source, destination)
    let sourceStatus = try side.status(from, source, destination)
    guard sourceStatus.type == .regular else { throw fail(.wrongType) }
    guard range.upperBound <= sourceStatus.size else { throw fail(.invalidArgument) }
    if range.isEmpty { return nil }

    // Readable too: in one file, the range is read from it.
    var target = RangeSide(destination, .destination, [.readWrite, .nonBlocking])
    let to = try target.openOrMake(source, destination)
    let unit = (try? to.blockSize()) ?? 4096
    let status: FileStatus
    do throws(ReflinkError) {
      status = try target.status(to, source, destination)
      guard status.type == .regular else { throw fail(.wrongType) }
      if sourceStatus.identity == status.identity, (offset..<offset + length).overlaps(range) {
        throw fail(.sameFile)
      }
      if cloning == .required, (offset - range.lowerBound) % unit != 0 {
        throw fail(.notSupported(.misaligned))
      }
    } catch {
      target.removeIfMade()
      throw error
    }
    return RangeCopy(
      transfer: RangeTransfer(
        from: from, sourceStatus, range, into: to, status, at: offset, unit: unit,
        cloning: cloning),
      source: source, destination: destination, target: target, control: control)
  }

  var outcome: CopyOutcome { transfer.outcome }

  /// Moves data on: to the end, or as far as the turn goes. Never `cancelled`: that
  /// throws.
  mutating func goOn(_ turn: WorkerTurn?) throws(ReflinkError) -> Turn {
    var failure: ReflinkError
    do throws(SystemError) {
      let end: Turn
      if let turn {
        end = try advance(
          &transfer, control: control, slice: turn.slice, othersWait: { turn.othersWait })
      } else {
        end = try run(&transfer, control: control) ? .finished : .cancelled
      }
      switch end {
      case .spent, .waiting: return end
      case .finished where transfer.bytesLeft == 0: return .finished
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
    failure.bytesLeft = transfer.bytesLeft
    target.removeIfMade()
    throw failure
  }
}

/// A range's copy as work for a queue.
final class RangeWork: Work {
  private enum Stage: ~Copyable {
    case toOpen
    case running(RangeCopy)
    case over
  }

  private let stage = Mutex(Stage.toOpen)
  private let begin: @Sendable () throws(ReflinkError) -> RangeCopy?
  private let completion: @Sendable (Result<CopyOutcome, ReflinkError>) -> Void

  init(
    _ completion: @escaping @Sendable (Result<CopyOutcome, ReflinkError>) -> Void,
    begin: @escaping @Sendable () throws(ReflinkError) -> RangeCopy?
  ) {
    self.begin = begin
    self.completion = completion
  }

  func take(_ turn: WorkerTurn) -> Turn {
    var ended: Result<CopyOutcome, ReflinkError>?
    let end: Turn = stage.withLock { stage in
      var current = Stage.over
      swap(&current, &stage)
      do throws(ReflinkError) {
        var copy: RangeCopy
        switch consume current {
        case .over: return .finished
        case .running(let running): copy = running
        case .toOpen:
          guard let opened = try begin() else {
            ended = .success(CopyOutcome())
            return .finished
          }
          copy = opened
        }
        let end = try copy.goOn(turn)
        if end == .finished {
          ended = .success(copy.outcome)
        } else {
          stage = .running(copy)
        }
        return end
      } catch {
        ended = .failure(error)
        return .finished
      }
    }
    if let ended { completion(ended) }
    return end
  }
}

/// One of the two files of a range.
private struct RangeSide: Sendable {
  private let path: FilePath
  private let side: ReflinkError.Side
  private let flags: OpenFlags
  private var wasMade = false

  init(_ path: FilePath, _ side: ReflinkError.Side, _ flags: OpenFlags) {
    self.path = path
    self.side = side
    self.flags = flags
  }

  func open(_ source: FilePath, _ destination: FilePath) throws(ReflinkError) -> Descriptor {
    do throws(SystemError) {
      return try open(flags)
    } catch {
      throw error.during(.open(side), source, destination)
    }
  }

  mutating func openOrMake(
    _ source: FilePath, _ destination: FilePath
  ) throws(ReflinkError) -> Descriptor {
    do throws(SystemError) {
      do throws(SystemError) {
        let file = try open(flags.union([.create, .exclusive]))
        wasMade = true
        return file
      } catch {
        guard error.errno == .fileExists else { throw error }
        return try open(flags)
      }
    } catch {
      throw error.during(wasMade ? .createFile : .open(side), source, destination)
    }
  }

  func status(
    _ file: borrowing Descriptor, _ source: FilePath, _ destination: FilePath
  ) throws(ReflinkError) -> FileStatus {
    do throws(SystemError) {
      return try file.status()
    } catch {
      throw error.during(.examine(side), source, destination)
    }
  }

  func removeIfMade() {
    guard wasMade else { return }
    path.withName { name in try? Descriptor.currentFolder.remove(name) }
  }

  private func open(_ flags: OpenFlags) throws(SystemError) -> Descriptor {
    try path.withName { (name) throws(SystemError) in
      try Descriptor.currentFolder.open(name, flags, mode: 0o666)
    }
  }
}
