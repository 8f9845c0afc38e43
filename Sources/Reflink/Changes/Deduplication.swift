import SystemPackage

/// Has a file share what it has in common with another at the same offsets, in bounded steps.
///
/// Both are read to find what is equal; that it is so is for the kernel to say, which compares under the locks of
/// both files (FIDEDUPERANGE) and changes nothing where somebody has written meanwhile.
struct Deduplication: ~Copyable, Operation {
  private let source: RegularFile
  private let file: RegularFile
  private let paths: (source: FilePath, file: FilePath)
  private let activity: Activity?
  /// Of offsets and lengths that the kernel takes.
  private let unit: Int64
  private let size: Int64
  private var comparison: PlaceComparison?
  private let buffers: (source: DataBuffer, file: DataBuffer)
  private var position: Int64 = 0
  /// Up to where the two are known to be at different places.
  private var comparedEnd: Int64 = 0
  private(set) var outcome = DeduplicationOutcome()

  /// Read, compared and shared at a time.
  private static var step: Int64 { 1 << 20 }

  init(
    _ file: Operand, with source: Operand, _ activity: Activity?
  ) throws(ReflinkError) {
    let opened = try RegularFile.open(source)
    let target = try RegularFile.openForDeduplication(file)
    let (from, to) = (opened.status, target.status)
    if from.identity == to.identity {
      throw ReflinkError(
        code: .sameFile, operation: .refuse(.sameFile), source: source.path, destination: file.path)
    }
    guard target.descriptor.isOnFileSystem(of: opened.descriptor) else {
      throw SystemError(call: .deduplicate, errno: .improperLink).refused(source.path, file.path)
    }
    let unit = (try? target.descriptor.sharingUnit().bytes) ?? 4096
    if target.descriptor.hasComparablePlaces(with: opened.descriptor) {
      comparison = PlaceComparison(before: from.size, now: to.size, unit: unit)
    }
    self.activity = activity
    self.unit = unit
    paths = (source.path, file.path)
    size = min(from.size, to.size)
    buffers = (DataBuffer(capacity: Int(Self.step)), DataBuffer(capacity: Int(Self.step)))
    outcome.different = to.size - size
    self.source = opened
    self.file = target
  }

  mutating func resume(_ turn: WorkerTurn?) throws(ReflinkError) -> Turn {
    do throws(SystemError) {
      while position < size {
        if let activity, activity.isCancelled {
          throw SystemError(call: .deduplicate, errno: .canceled)
        }
        let before = position
        try step()
        activity?.controller?.add(position - before)
        if let turn, turn.isOver, position < size { return .spent }
      }
      return .finished
    } catch {
      var failure = error.refused(paths.source, paths.file)
      failure.bytesDone = position
      throw failure
    }
  }

  private mutating func step() throws(SystemError) {
    var end = size
    if position >= comparedEnd, var comparison {
      let run = try comparison.run(
        at: position, before: source.descriptor, now: file.descriptor)
      self.comparison = comparison
      comparedEnd = max(run.end, position + 1)
      if run.verdict == .equal {
        end = min(comparedEnd, size)
        outcome.sharedBefore += end - position
        position = end
        return
      }
    }
    if comparison != nil { end = min(end, comparedEnd) }
    // What the file has no storage for is left as it is.
    let data = try file.descriptor.nextData(from: position) ?? end
    if data > position {
      let next = min(data, end)
      outcome.different += next - position
      position = next
      return
    }
    let wanted = Int(min(Self.step - position % Self.step, end - position))
    let count = try source.descriptor.read(into: buffers.source, count: wanted, at: position)
    let there = try file.descriptor.read(into: buffers.file, count: wanted, at: position)
    // Shorter than they were.
    guard count > 0, there > 0 else {
      outcome.different += size - position
      position = size
      return
    }
    let start = position
    var runs = BlockRuns(
      buffers.source, 0..<min(count, there), buffers.file, count: there, at: start, block: unit)
    while let (range, isEqual) = runs.next() {
      let part = start + Int64(range.lowerBound)..<start + Int64(range.upperBound)
      if isEqual {
        try shareEqual(part)
      } else {
        outcome.different += part.length
      }
      position = part.upperBound
    }
  }

  /// Has the kernel share blocks that are equal.
  private mutating func shareEqual(_ range: Range<Int64>) throws(SystemError) {
    // A part of a block is taken only where both files end with it.
    let endsBoth =
      range.upperBound == size && source.status.size == size && file.status.size == size
    let start = range.lowerBound.roundedUp(to: unit)
    let end = endsBoth ? range.upperBound : range.upperBound / unit * unit
    guard start < end else { return outcome.unaligned += range.length }
    outcome.unaligned += range.length - (end - start)
    var offset = start
    while offset < end {
      let shared: Int64
      do throws(SystemError) {
        shared = try file.descriptor.deduplicate(
          at: offset, with: offset..<end, of: source.descriptor)
      } catch {
        // One of the two has another size by now.
        guard error.errno == .invalidArgument, end % unit != 0 else { throw error }
        shared = 0
      }
      guard shared > 0 else {
        // Somebody has written meanwhile.
        outcome.different += end - offset
        return
      }
      outcome.shared += min(shared, end - offset)
      offset += shared
    }
  }
}

/// As `Blocking.deduplicate`, ended early by what a signal handler sets.
package func deduplicate(
  _ file: FilePath, with source: FilePath, interruption: Interruption
) throws(ReflinkError) -> DeduplicationOutcome {
  var operation = try Deduplication(
    try Operand(file, .destination), with: try Operand(source),
    Activity(nil, interruption: interruption))
  _ = try operation.resume(nil)
  return operation.outcome
}

extension SystemError {
  /// As a failure of the whole.
  fileprivate func refused(_ source: FilePath, _ file: FilePath) -> ReflinkError {
    var failure = during(.deduplicate, source, file)
    if call == .deduplicate, case .fallBack(let cause) = verdict(on: self) {
      failure.code = ReflinkError.Code(cause)
    }
    return failure
  }
}

extension RegularFile {
  /// For writing, which others than the owner must be allowed to; for reading where that is enough.
  fileprivate static func openForDeduplication(
    _ operand: Operand
  ) throws(ReflinkError) -> RegularFile {
    do throws(SystemError) {
      let file = try operand.open([.readWrite, .nonBlocking])
      let status = try file.status()
      if status.type == .regular { return RegularFile(descriptor: file, status: status) }
    } catch {
      // A program that runs, a file that is read only.
    }
    return try open(operand)
  }
}
