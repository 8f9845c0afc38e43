/// Why a job's turn ended.
enum Turn: Equatable {
  case finished
  case cancelled
  /// The slice is over and others wait.
  case spent
  case waiting(Wait)
}

/// Steps a job until it is finished, cancelled, has to wait, or its slice is
/// spent and others wait. The one place that drives jobs, whoever's thread it is.
func advance<J: Job & ~Copyable>(
  _ job: inout J, controller: CopyController?, slice: TimeSlice, othersWait: () -> Bool
) throws(SystemError) -> Turn {
  while true {
    if let controller, controller.isCancelled {
      job.cancel()
      return .cancelled
    }
    let before = job.bytesDone
    let step = try job.step()
    controller?.add(job.bytesDone - before)
    switch step {
    case .advanced: break
    case .finished: return .finished
    case .waiting(let wait): return .waiting(wait)
    }
    if slice.isFinished(othersWait: othersWait) { return .spent }
  }
}

/// Runs a job to its end on the caller's own thread, which nobody else waits for.
/// Returns false when it was cancelled.
func run<J: Job & ~Copyable>(_ job: inout J, controller: CopyController?) throws(SystemError)
  -> Bool
{
  while true {
    switch try advance(&job, controller: controller, slice: TimeSlice(), othersWait: { false }) {
    case .finished: return true
    case .cancelled: return false
    case .spent: break
    case .waiting(let wait):
      waitUntilReady(wait.descriptor, forWriting: wait.forWriting, atMost: wait.atMost)
    }
  }
}
