import Synchronization

/// A copy of what a caller named as work for a queue: the entry itself. What is in a
/// directory is the work of its tree's runners.
final class CopyWork: Work {
  private enum Stage {
    /// Perhaps with a place in the line of its source.
    case toBegin(ClonePlace?)
    case file(SuspendedFile)
    /// Its end is told by who leaves it last: a runner, or this.
    case tree(TreeCopy)
    case ended(Result<CopyRequest.Outcome, ReflinkError>?)
  }

  private let stage = Mutex(Stage.toBegin(nil))
  private let request: CopyRequest
  private let entries: EntryCopier
  private let completion: @Sendable (Result<CopyRequest.Outcome, ReflinkError>) -> Void

  init(
    _ request: CopyRequest, _ activity: Activity,
    _ completion: @escaping @Sendable (Result<CopyRequest.Outcome, ReflinkError>) -> Void
  ) {
    self.request = request
    self.completion = completion
    entries = request.entries(activity)
  }

  var activity: Activity? { entries.activity }

  func take(_ turn: WorkerTurn) -> Turn {
    stage.withLock { stage in
      let current = stage
      stage = .ended(nil)
      do throws(ReflinkError) {
        let next: CopyRequest.Next
        switch current {
        case .ended, .tree: return .finished
        case .toBegin(let place):
          var turn = turn
          turn.place = place
          next = request.next(try request.begin(entries, turn))
        case .file(let file): next = request.next(try entries.resume(file, turn))
        }
        switch next {
        case .done(let outcome):
          try entries.unsynchronized?.finish()
          stage = .ended(.success(outcome))
        case .again(let wait):
          stage = .toBegin(wait.place)
          return .waiting(wait)
        case .file(let file, let wait):
          stage = .file(file)
          return if let wait { .waiting(wait) } else { .spent }
        case .tree(let directory): stage = .tree(try copyContents(of: directory, turn))
        }
      } catch {
        do throws(ReflinkError) {
          stage = .ended(.success(try request.absorbed(error)))
        } catch {
          stage = .ended(.failure(error))
        }
      }
      return .finished
    }
  }

  func ending() -> (@Sendable () -> Void)? {
    switch stage.withLock({ $0 }) {
    case .tree(let tree): return { tree.runnerHasLeft()?() }
    case .ended(let result?):
      let completion = completion
      return { completion(result) }
    case .toBegin, .file, .ended(nil): return nil
    }
  }

  func abandon(_ error: SystemError) {
    completion(.failure(error.during(.prepare, request.locations.0.path)))
  }

  private func copyContents(
    of directory: DirectoryCopy, _ turn: WorkerTurn
  ) throws(ReflinkError) -> TreeCopy {
    let completion = completion
    let isNew = directory.isNew
    let hardLinks = entries.hardLinks
    let unsynchronized = entries.unsynchronized
    let tree = request.tree(entries, directory, queue: turn.queue) { result in
      // It refers to directories that were opened.
      hardLinks?.forgetAll()
      completion(
        result.flatMap { account in
          do throws(ReflinkError) {
            try unsynchronized?.finish()
            return .success(CopyRequest.outcome(account, isNew))
          } catch {
            return .failure(error)
          }
        })
    }
    try tree.runAsync(directory)
    return tree
  }
}
