import SystemPackage

/// Reads a file's extent map, a bounded number of extents in each step.
struct ExtentScan: ~Copyable, Operation {
  private let file: RegularFile
  private let path: FilePath
  private let activity: Activity?

  private var extents: [ExtentMap.Extent] = []
  private var position: Int64 = 0
  private var isFinished = false
  private var place: ClonePlace?

  /// 1.5 to 9 µs each, as measured on XFS and Btrfs.
  private static var batch: Int { 1024 }

  init(_ operand: Operand, _ activity: Activity?) throws(ReflinkError) {
    path = operand.path
    self.activity = activity
    file = try RegularFile.open(operand)
  }

  var identity: FileStatus.Identity { file.status.identity }

  func isOnFileSystem(of other: borrowing ExtentScan) -> Bool {
    file.descriptor.isOnFileSystem(of: other.file.descriptor)
  }

  private var size: Int64 { file.status.size }

  var outcome: ExtentMap { ExtentMap(extents: extents) }

  mutating func resume(_ turn: WorkerTurn?) throws(ReflinkError) -> Turn {
    do throws(SystemError) {
      while !isFinished {
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
        if let turn, turn.isOver, !isFinished { return .spent }
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
    let found: [Descriptor.Extent]
    do throws(SystemError) {
      found = try file.descriptor.extents(from: position, atMost: Self.batch)
    } catch {
      guard error.errno == .notSupported || error.errno == .inappropriateIOCTLForDevice else {
        throw error
      }
      return end(with: .unknown)
    }
    for extent in found {
      let start = min(max(extent.range.lowerBound, position), size)
      let end = min(extent.range.upperBound, size)
      if start > position { append(position..<start, .hole) }
      if end > start { append(start..<end, extent.kind) }
    }
    if found.isEmpty || found.last?.isLast ?? true || position >= size { end(with: .hole) }
  }

  private mutating func append(_ range: Range<Int64>, _ kind: ExtentMap.Extent.Kind) {
    extents.append(ExtentMap.Extent(range: range, kind: kind))
    position = range.upperBound
  }

  /// What no extent tells of.
  private mutating func end(with kind: ExtentMap.Extent.Kind) {
    if position < size { append(position..<size, kind) }
    isFinished = true
  }
}

extension Descriptor.Extent {
  var kind: ExtentMap.Extent.Kind {
    if flags.contains(.inline) { return .inline }
    if flags.contains(.unwritten) { return .unwritten }
    if !flags.isDisjoint(with: [.unknown, .delayed]) { return .unknown }
    // No file system makes extents of a tebibyte: one that says so is not believed.
    if range.length > 1 << 40 { return .unknown }
    return .data(
      at: physical, isShared: flags.contains(.shared), isEncoded: flags.contains(.encoded))
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
