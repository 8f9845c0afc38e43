import Synchronization

/// The end of a copy that was given up: to close a file that nobody will see any more
/// takes as long as it is large, since its memory is freed then. Whoever cancelled
/// does not wait for that.
final class Disposal: Work {
  private let copy: Mutex<FileCopy?>

  init(_ copy: consuming FileCopy) {
    self.copy = Mutex(copy)
  }

  func take(_ turn: WorkerTurn) -> Turn {
    copy.withLock { $0 = nil }
    return .finished
  }
}
