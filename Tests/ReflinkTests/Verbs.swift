import Foundation
import Reflink
import Synchronization
import SystemPackage

/// The blocking verb, also from asynchronous tests, where its twin would be chosen.
@discardableResult
func syncCopy(
  _ source: FilePath, _ destination: FilePath, _ options: CopyOptions = CopyOptions(),
  _ rule: ExistingRule = .fail, control: Control? = nil
) throws(ReflinkError) -> CopyOutcome {
  try copy(source, to: destination, options: options, ifExists: rule, control: control)
}

@discardableResult
func syncCopyTree(
  _ source: FilePath, _ destination: FilePath, _ options: CopyOptions = CopyOptions(),
  _ rule: ExistingRule = .fail, onFailure: FailureRule = .stop, control: Control? = nil,
  listener: EntryListener? = nil
) throws(ReflinkError) -> TreeOutcome {
  try copyTree(
    source, to: destination, options: options, ifExists: rule, onFailure: onFailure,
    control: control, listener: listener)
}

/// The error that a call throws, if it is one of the library's.
func failure(_ body: () throws -> Void) -> ReflinkError? {
  do {
    try body()
    return nil
  } catch {
    return error as? ReflinkError
  }
}

/// Runs a body while a thread of its own looks again and again. Not a task: the
/// cooperative pool may be busy with other tests.
func whileWatched<Value>(
  by look: @escaping @Sendable () -> Void, _ body: () throws -> Value
) rethrows -> Value {
  let watch = Watch()
  Thread.detachNewThread {
    while !watch.isOver.load(ordering: .relaxed) { look() }
  }
  defer { watch.isOver.store(true, ordering: .relaxed) }
  return try body()
}

private final class Watch: Sendable {
  let isOver = Atomic<Bool>(false)
}
