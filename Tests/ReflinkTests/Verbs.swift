import Foundation
import Reflink
import Synchronization
import SystemPackage

/// The blocking verb, also from asynchronous tests, where its twin would be chosen.
@discardableResult
func syncCopy(
  _ source: FilePath, _ destination: FilePath, _ options: CopyOptions = CopyOptions(),
  _ rule: ExistingRule = .fail, controller: CopyController? = nil
) throws(ReflinkError) -> CopyOutcome {
  try Blocking.copyFile(
    source, to: destination, options: options, ifExists: rule, controller: controller)
}

@discardableResult
func syncCopyTree(
  _ source: FilePath, _ destination: FilePath, _ options: CopyOptions = CopyOptions(),
  _ rule: ExistingRule = .fail, filter: EntryFilter = .everything,
  onFailure: FailureRule = .stop, controller: CopyController? = nil,
  listener: EntryListener? = nil
) throws(ReflinkError) -> TreeOutcome {
  try Blocking.copyTree(
    source, to: destination, options: options, ifExists: rule, filter: filter,
    onFailure: onFailure, controller: controller, onEntry: listener)
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
    while !watch.isFinished.load(ordering: .relaxed) { look() }
  }
  defer { watch.isFinished.store(true, ordering: .relaxed) }
  return try body()
}

private final class Watch: Sendable {
  let isFinished = Atomic<Bool>(false)
}

@discardableResult
func syncSnapshot(
  _ source: FilePath, _ name: FilePath, _ preserving: SnapshotPreservation = .everything,
  method: SnapshotMethod = .clones, controller: CopyController? = nil
) throws(ReflinkError) -> SnapshotOutcome {
  try Blocking.snapshot(
    source, as: name, preserving: preserving, method: method, controller: controller)
}

@discardableResult
func syncClone(
  _ source: FilePath, _ destination: FilePath, _ slices: CopyOptions.Slices = .whole,
  _ rule: ExistingRule = .fail, controller: CopyController? = nil
) throws(ReflinkError) -> CopyOutcome {
  try Blocking.cloneFile(
    source, to: destination, slices: slices, ifExists: rule, controller: controller)
}

@discardableResult
func syncExtents(_ file: FilePath, controller: CopyController? = nil) throws(ReflinkError)
  -> ExtentMap
{
  try Blocking.extents(of: file, controller: controller)
}

@discardableResult
func syncSharing(_ first: FilePath, _ second: FilePath) throws(ReflinkError) -> SharingReport {
  try Blocking.sharing(between: first, and: second)
}

@discardableResult
func syncProbe(_ source: FilePath, _ directory: FilePath) throws(ReflinkError) -> ProbeReport {
  try Blocking.probe(from: source, to: directory)
}

@discardableResult
func syncCopy(
  _ source: FileDescriptor, _ destination: FileDescriptor
) throws(ReflinkError) -> CopyOutcome {
  try Blocking.copyFile(source, to: destination)
}

@discardableResult
func syncClone(
  _ source: FileDescriptor, _ destination: FileDescriptor, _ slices: CopyOptions.Slices = .whole
) throws(ReflinkError) -> CopyOutcome {
  try Blocking.cloneFile(source, to: destination, slices: slices)
}

@discardableResult
func syncSnapshot(
  _ source: FileDescriptor, _ name: FilePath
) throws(ReflinkError) -> SnapshotOutcome {
  try Blocking.snapshot(source, as: name)
}

@discardableResult
func syncCopyTree(
  _ source: FileDescriptor, _ destination: FileDescriptor
) throws(ReflinkError) -> TreeOutcome {
  try Blocking.copyTree(source, to: destination)
}

@discardableResult
func syncCloneRange(
  _ source: FileDescriptor, _ range: Range<Int64>, _ destination: FileDescriptor, _ offset: Int64,
  _ cloning: CopyOptions.Cloning
) throws(ReflinkError) -> CopyOutcome {
  try Blocking.copyRange(from: source, range: range, to: destination, at: offset, cloning: cloning)
}
