import Synchronization
public import SystemPackage

/// How far the copies under one `CopyController` are, at one moment.
public struct CopyProgress: Sendable, Hashable {
  /// Bytes cloned, offloaded, copied and skipped as holes. Also while one whole FICLONE
  /// runs: from 16 MiB and 1,024 extents on its destination is watched as it grows.
  public let bytesDone: Int64
  /// Among them, bytes that were read to be compared with an earlier copy (`CopyBasis`); what was neither
  /// compared nor moved was known to be equal.
  public internal(set) var bytesCompared: Int64 = 0
  /// Among those, bytes that were written, since they differ.
  public internal(set) var bytesUpdated: Int64 = 0
  /// Bytes of files that were left as they are, which are dealt with too.
  public let bytesSkipped: Int64
  /// Bytes in all; nil where nobody counted: a tree without a plan.
  public let bytesExpected: Int64?
  /// Regular files that are complete, or have the link that was asked for in place of a copy.
  public let filesDone: Int
  /// Regular files in all; nil where nobody counted.
  public let filesExpected: Int?
  /// The source of the file that was begun last.
  public let currentPath: FilePath?
  /// How data of the file that was begun last moves; nil until that is known, which is before a
  /// clone that takes long has cloned anything.
  public let method: CopyOutcome.Method?
  /// Whether a copy ran, and none runs any more. Counting (`planTree`) and inspecting are no copies.
  public let isFinished: Bool

  /// Between 0 and 1, of bytes, and of files where no data is to be copied; nil where the whole is
  /// not known. Never less than it was.
  public internal(set) var fraction: Double?

  /// For tests of what shows progress.
  public init(
    bytesDone: Int64 = 0, bytesSkipped: Int64 = 0, bytesExpected: Int64? = nil, filesDone: Int = 0,
    filesExpected: Int? = nil, currentPath: FilePath? = nil, method: CopyOutcome.Method? = nil,
    isFinished: Bool = false, bytesCompared: Int64 = 0, bytesUpdated: Int64 = 0
  ) {
    self.bytesCompared = bytesCompared
    self.bytesUpdated = bytesUpdated
    self.bytesDone = bytesDone
    self.bytesSkipped = bytesSkipped
    self.bytesExpected = bytesExpected
    self.filesDone = filesDone
    self.filesExpected = filesExpected
    self.currentPath = currentPath
    self.method = method
    self.isFinished = isFinished
    fraction = share
  }

  /// What was dealt with, of the whole.
  var share: Double? {
    guard let bytesExpected else { return nil }
    guard bytesExpected > 0 else {
      if isFinished { return 1 }
      guard let filesExpected, filesExpected > 0 else { return 0 }
      return min(max(Double(filesDone) / Double(filesExpected), 0), 1)
    }
    let dealtWith = bytesDone.saturatingAdd(bytesSkipped)
    return min(max(Double(dealtWith) / Double(bytesExpected), 0), 1)
  }
}

extension CopyController {
  /// How far everything under this controller is, again and again, until nothing runs any
  /// more; the last element shows the end. The copies' counters are read when the next
  /// element is asked for: nothing is queued for a listener that is slow, and the copies
  /// do not know that anybody listens.
  ///
  /// - Parameter interval: Between two elements; 50 ms at least, a day at most.
  public func updates(every interval: Duration = .milliseconds(50)) -> CopyProgress.Updates {
    CopyProgress.Updates(
      controller: self, interval: min(max(interval, .milliseconds(50)), .seconds(86_400)))
  }
}

extension CopyProgress {
  /// The progress of copies as an asynchronous sequence; see `CopyController.updates`.
  public struct Updates: AsyncSequence, Sendable {
    let controller: CopyController
    let interval: Duration

    /// Each iterator reads for itself.
    public func makeAsyncIterator() -> AsyncIterator {
      AsyncIterator(controller: controller, interval: interval)
    }

    /// Reads the controller when it is asked for the next element.
    public struct AsyncIterator: AsyncIteratorProtocol {
      let controller: CopyController
      let interval: Duration
      var isFirst = true
      var isFinished = false

      /// The next reading; nil after the one that showed the end, or when the task is cancelled.
      public mutating func next(
        isolation actor: isolated (any Actor)? = #isolation
      ) async -> CopyProgress? {
        if isFinished { return nil }
        if !isFirst { await controller.waitForEnd(atMost: interval) }
        isFirst = false
        if Task.isCancelled { return nil }
        let progress = controller.progress
        isFinished = progress.isFinished
        return progress
      }

      /// The same, in the caller's isolation.
      public mutating func next() async -> CopyProgress? {
        await next(isolation: #isolation)
      }
    }
  }
}

extension CopyController {
  /// Until everything has ended, the time is over, or the task is cancelled.
  fileprivate func waitForEnd(atMost limit: Duration) async {
    let waiter = Waiter()
    guard add(waiter) else { return }
    let timer = Task {
      try? await Task.sleep(for: limit)
      waiter.open()
    }
    await withTaskCancellationHandler {
      await waiter.wait()
    } onCancel: {
      waiter.open()
    }
    timer.cancel()
    remove(waiter)
  }
}

/// Lets one task wait for whatever comes first.
final class Waiter: Sendable {
  private enum State {
    case closed
    case awaited(CheckedContinuation<Void, Never>)
    case open
  }
  private let state = Mutex(State.closed)

  func open() {
    let awaited = state.withLock { state -> CheckedContinuation<Void, Never>? in
      defer { state = .open }
      if case .awaited(let continuation) = state { return continuation }
      return nil
    }
    awaited?.resume()
  }

  func wait() async {
    await withCheckedContinuation { continuation in
      let isOpen = state.withLock { state in
        if case .open = state { return true }
        state = .awaited(continuation)
        return false
      }
      if isOpen { continuation.resume() }
    }
  }
}
