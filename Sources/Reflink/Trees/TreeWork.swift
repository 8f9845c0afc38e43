import Synchronization
import SystemPackage

/// A copy of what a caller named, file or folder, as work for a queue.
final class TreeWork: Work {
  private enum Stage {
    case toBegin
    case goingOn(any Work)
    case over
  }

  private let stage = Mutex(Stage.toBegin)
  private let entries: EntryCopier
  private let onFailure: FailureRule
  private let listener: EntryListener?
  private let source: KeptPlace
  private let destination: KeptPlace
  private let completion: @Sendable (Result<TreeOutcome, ReflinkError>) -> Void

  init(
    _ entries: EntryCopier, onFailure: FailureRule, listener: EntryListener?,
    _ source: KeptPlace, to destination: KeptPlace,
    completion: @escaping @Sendable (Result<TreeOutcome, ReflinkError>) -> Void
  ) {
    var entries = entries
    entries.onExisting = listener
    self.entries = entries
    self.onFailure = onFailure
    self.listener = listener
    self.source = source
    self.destination = destination
    self.completion = completion
  }

  func take(_ turn: WorkerTurn) -> Turn {
    stage.withLock { stage in
      switch stage {
      case .over: return .finished
      case .goingOn(let work): return work.take(turn)
      case .toBegin:
        stage = .over
        do throws(ReflinkError) {
          let (next, wait) = try begin(turn)
          guard let next else { return .finished }
          stage = .goingOn(next)
          return if let wait { .waiting(wait) } else { .spent }
        } catch {
          failed(error)
          return .finished
        }
      }
    }
  }

  /// Copies the entry itself; returns what is to go on with.
  private func begin(_ turn: WorkerTurn) throws(ReflinkError) -> ((any Work)?, Wait?) {
    try KeptPlace.with(source, destination) { (from, to) throws(ReflinkError) in
      let result = try entries.copy(from, isOperand: true, to: to, turn)
      switch consume result {
      case .skipped: done(.skipped)
      case .left: done(.skipped)
      case .postponed: done(.skipped)
      case .file(let file): done(.file(file))
      case .hardLink: done(.hardLink)
      case .symbolicLink: done(.symbolicLink)
      case .special: done(.special)
      case .unfinished(let copy, let wait):
        let file = FileWork(entries, copy, source, to: destination) { [self] result in
          switch result {
          case .success(let outcome): done(.file(outcome))
          case .failure(let error): failed(error)
          }
        }
        return (file, wait)
      case .folder(let folder):
        listener?(.folder(isNew: folder.isNew), from.path, to.path)
        let made = TreeOutcome(of: .folder(isNew: folder.isNew))
        let completion = completion
        let tree = TreeCopy(
          entries, onFailure: onFailure, listener: listener, queue: turn.queue,
          most: defaultWorkers()
        ) { tree in
          var outcome = tree.outcome
          outcome.add(made)
          if let failure = tree.failure {
            completion(.failure(failure))
          } else {
            completion(.success(outcome))
          }
        }
        let first = try tree.begin(folder, in: nil, isLinked: true)
        return (first.map { TreeRunner(tree, next: $0) }, nil)
      }
      return (nil, nil)
    }
  }

  private func done(_ entry: EntryOutcome) {
    listener?(entry, source.name.display, destination.name.display)
    completion(.success(TreeOutcome(of: entry)))
  }

  private func failed(_ error: ReflinkError) {
    guard case .goOn(let tell) = onFailure, error.code != .cancelled else {
      return completion(.failure(error))
    }
    tell(error)
    var outcome = TreeOutcome()
    outcome.failures = 1
    completion(.success(outcome))
  }
}
