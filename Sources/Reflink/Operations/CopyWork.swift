import Synchronization

/// A copy of what a caller named as work for a queue: the entry itself. What is in a
/// directory is the work of its tree's runners.
final class CopyWork: Work {
  private enum Stage {
    case toBegin
    case file(SuspendedFile)
    case ended
  }

  private let stage = Mutex(Stage.toBegin)
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
    var ended: Result<CopyRequest.Outcome, ReflinkError>?
    let end: Turn = stage.withLock { stage in
      let current = stage
      stage = .ended
      do throws(ReflinkError) {
        let next: CopyRequest.Next
        switch current {
        case .ended: return .finished
        case .toBegin: next = request.next(try request.begin(entries, turn))
        case .file(let file): next = request.next(try entries.resume(file, turn))
        }
        switch consume next {
        case .done(let outcome): ended = .success(outcome)
        case .again(let wait):
          stage = .toBegin
          return .waiting(wait)
        case .file(let file, let wait):
          stage = .file(file)
          return if let wait { .waiting(wait) } else { .spent }
        case .tree(let directory): try copyContents(of: directory, turn)
        }
      } catch {
        do throws(ReflinkError) {
          ended = .success(try request.absorbed(error))
        } catch {
          ended = .failure(error)
        }
      }
      return .finished
    }
    if let ended { completion(ended) }
    return end
  }

  private func copyContents(
    of directory: DirectoryCopy, _ turn: WorkerTurn
  ) throws(ReflinkError) {
    let completion = completion
    let isNew = directory.isNew
    let tree = request.tree(entries, directory, queue: turn.queue) { tree in
      do throws(ReflinkError) {
        completion(.success(CopyRequest.outcome(try tree.result(), isNew)))
      } catch {
        completion(.failure(error))
      }
    }
    try tree.runAsync(directory)
  }
}
