/// Something long that takes turns at the workers of a queue.
protocol Work: AnyObject, Sendable {
  /// Goes on until it is finished, has to wait, or its turn is over. Never sleeps.
  /// After `finished` or `cancelled` it is not asked again.
  func take(_ turn: WorkerTurn) -> Turn
}

/// One worker's time for one piece of work.
struct WorkerTurn {
  let queue: RunQueue
  let slice = TimeSlice()
  /// Whether a part of the work may go to a worker that has nothing to do.
  var isDivisible = false

  var othersWait: Bool { queue.othersWait || (isDivisible && queue.hasIdleWorkers) }

  /// Whether to give way: the slice is over and somebody waits for a worker.
  var isFinished: Bool { slice.isFinished { queue.othersWait } }
}
