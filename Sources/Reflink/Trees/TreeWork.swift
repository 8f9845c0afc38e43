import Synchronization
import SystemPackage

/// A copy of what a caller named, file or directory, as work for a queue.
final class TreeWork: Work {
  private enum Stage {
    case toBegin
    case goingOn(any Work)
    case over
  }

  private let stage = Mutex(Stage.toBegin)
  private let entries: EntryCopier
  private let sieve: CompiledFilter?
  private let onFailure: FailureRule
  private let listener: EntryListener?
  private let source: OwnedLocation
  private let destination: OwnedLocation
  private let completion: @Sendable (Result<TreeOutcome, ReflinkError>) -> Void

  init(
    _ entries: EntryCopier, filter: EntryFilter = .everything, onFailure: FailureRule,
    listener: EntryListener?, _ source: OwnedLocation, to destination: OwnedLocation,
    completion: @escaping @Sendable (Result<TreeOutcome, ReflinkError>) -> Void
  ) {
    var entries = entries
    entries.onExisting = listener
    self.entries = entries
    sieve = CompiledFilter(filter)
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
      case .goingOn(let work):
        let end = work.take(turn)
        // The two hold each other.
        if end == .finished { stage = .over }
        return end
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
    try OwnedLocation.with(source, destination) { (from, to) throws(ReflinkError) in
      let result = try entries.copy(from, isOperand: true, to: to, turn)
      if let entry = result.entry { done(entry) }
      switch consume result {
      case .postponed: done(.skipped)
      case .planned(let status):
        var outcome = TreeOutcome()
        outcome.add(planned: status)
        completion(.success(outcome))
      case .unfinished(let copy, let wait):
        let file = FileWork(entries, copy, source, to: destination) { [self] result in
          switch result {
          case .success(let outcome): done(.file(outcome))
          case .failure(let error): failed(error)
          }
        }
        return (file, wait)
      case .directory(let directory):
        listener?(.directory(isNew: directory.isNew), from.path, to.path)
        let made = TreeOutcome(of: .directory(isNew: directory.isNew))
        let completion = completion
        let queue = turn.queue
        let tree = TreeCopy(
          entries.within(directory), sieve, onFailure: onFailure, listener: listener, queue: queue,
          most: defaultWorkers()
        ) { tree in
          guard let failure = tree.failure else {
            var outcome = tree.outcome
            outcome.add(made)
            return completion(.success(outcome))
          }
          guard let leftover = tree.leftover else { return completion(.failure(failure)) }
          queue.remove(leftover) { isGone in
            var failure = failure
            failure.leftover = isGone ? nil : leftover.displayPath
            completion(.failure(failure))
          }
        }
        let first = try tree.begin(directory, in: nil, isLinked: true)
        return (first.map { TreeRunner(tree, next: $0) }, nil)
      default: break
      }
      return (nil, nil)
    }
  }

  private func done(_ entry: EntryOutcome) {
    listener?(entry, source.name.display, destination.name.display)
    completion(.success(TreeOutcome(of: entry)))
  }

  private func failed(_ error: ReflinkError) {
    var outcome = TreeOutcome()
    guard onFailure.absorbs(error, in: &outcome) else { return completion(.failure(error)) }
    onFailure.tell(error)
    completion(.success(outcome))
  }
}

extension EntryCopier {
  /// For what is in a directory: where that gets its name only when all of it is complete,
  /// nothing in it needs to be made aside.
  func within(_ directory: DirectoryCopy) -> EntryCopier {
    guard directory.temporary != nil else { return self }
    var entries = self
    entries.options.publication = .inPlace
    return entries
  }
}

extension RunQueue {
  /// Removes a tree that is not to stay, in turns, and tells whether it is gone.
  fileprivate func remove(
    _ tree: TemporaryTree, _ completion: @escaping @Sendable (Bool) -> Void
  ) {
    let removal = OperationWork<TreeRemoval>(
      { result in
        switch result {
        case .success: completion(true)
        case .failure(let error): completion(error.code == .notFound)
        }
      }, begin: { () throws(ReflinkError) in try TreeRemoval(tree) })
    do throws(SystemError) { try submit(removal) } catch { completion(false) }
  }
}
