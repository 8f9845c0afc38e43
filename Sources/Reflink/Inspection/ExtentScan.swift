import SystemPackage

/// Reads a file's extent map, a bounded number of extents in each step.
struct ExtentScan: ~Copyable, Operation {
  private let file: RegularFile
  private let path: FilePath
  private let activity: Activity?

  private var extents: [ExtentMap.Extent] = []
  private var reader: ExtentReader
  private var place: ClonePlace?

  init(_ operand: Operand, _ activity: Activity?) throws(ReflinkError) {
    path = operand.path
    self.activity = activity
    file = try RegularFile.open(operand)
    reader = ExtentReader(size: file.status.size)
  }

  var identity: FileStatus.Identity { file.status.identity }

  func isOnFileSystem(of other: borrowing ExtentScan) -> Bool {
    file.descriptor.isOnFileSystem(of: other.file.descriptor)
  }

  private var size: Int64 { file.status.size }

  var outcome: ExtentMap { ExtentMap(extents: extents) }

  mutating func resume(_ turn: WorkerTurn?) throws(ReflinkError) -> Turn {
    do throws(SystemError) {
      while !reader.isFinished {
        if let activity, activity.isCancelled {
          throw SystemError(call: .extents, errno: .canceled)
        }
        if let wait = waitForTurn() {
          if turn != nil { return .waiting(wait) }
          sleep(for: wait)
          continue
        }
        try step()
        place = nil
        if let turn, turn.isOver, !reader.isFinished { return .spent }
      }
      return .finished
    } catch {
      throw error.during(.inspect, path)
    }
  }

  /// FIEMAP waits for the locks of a clone. Nil when it is its turn.
  private mutating func waitForTurn() -> Wait? {
    guard size > CloneLine.shortSize else { return nil }
    let place = place ?? CloneLine.shared.enter([identity], for: .step)
    self.place = place
    return place.isGranted ? nil : Wait(place)
  }

  private mutating func step() throws(SystemError) {
    extents += try reader.next(of: file.descriptor)
  }
}

/// An open regular file, to be looked at.
struct RegularFile: ~Copyable, Sendable {
  let descriptor: Descriptor
  let status: FileStatus

  /// Opens what a caller named; for anything but a regular file the code is `wrongType`.
  static func open(_ operand: Operand) throws(ReflinkError) -> RegularFile {
    do throws(SystemError) {
      let file = try describe(operand)
      guard file.status.type == .regular else {
        throw SystemError(call: .extents, errno: .invalidArgument)
      }
      return file
    } catch {
      var failure = error.during(error.call == .open ? .open(.source) : .inspect, operand.path)
      if error.call == .extents {
        failure.code = .wrongType
        failure.reason = "it is not a regular file"
      }
      throw failure
    }
  }

  private static func describe(_ operand: Operand) throws(SystemError) -> RegularFile {
    let file = try operand.open(.nonBlocking)
    let status = try file.status()
    return RegularFile(descriptor: file, status: status)
  }
}
