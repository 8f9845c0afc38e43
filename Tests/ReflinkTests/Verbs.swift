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
  _ rule: ExistingRule = .fail, filter: EntryFilter = .everything,
  onFailure: FailureRule = .stop, control: Control? = nil,
  listener: EntryListener? = nil
) throws(ReflinkError) -> TreeOutcome {
  try copyTree(
    source, to: destination, options: options, ifExists: rule, filter: filter,
    onFailure: onFailure, control: control, listener: listener)
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

@discardableResult
func syncSnapshot(
  _ source: FilePath, _ name: FilePath, _ preserving: SnapshotPreservation = .everything,
  method: SnapshotMethod = .clones, control: Control? = nil
) throws(ReflinkError) -> SnapshotOutcome {
  try snapshot(source, as: name, preserving: preserving, method: method, control: control)
}

@discardableResult
func syncClone(
  _ source: FilePath, _ destination: FilePath, _ slices: CloneSlices = .whole,
  _ rule: ExistingRule = .fail, control: Control? = nil
) throws(ReflinkError) -> CopyOutcome {
  try clone(source, to: destination, slices: slices, ifExists: rule, control: control)
}

@discardableResult
func syncExtents(_ file: FilePath, control: Control? = nil) throws(ReflinkError) -> ExtentMap {
  try extents(of: file, control: control)
}

@discardableResult
func syncSharing(_ first: FilePath, _ second: FilePath) throws(ReflinkError) -> SharingReport {
  try sharing(between: first, and: second)
}

@discardableResult
func syncProbe(_ source: FilePath, _ folder: FilePath) throws(ReflinkError) -> ProbeReport {
  try probe(from: source, to: folder)
}

@discardableResult
func syncCopy(
  _ source: FileDescriptor, _ destination: FileDescriptor
) throws(ReflinkError) -> CopyOutcome {
  try copy(source, to: destination)
}

@discardableResult
func syncClone(
  _ source: FileDescriptor, _ destination: FileDescriptor, _ slices: CloneSlices = .whole
) throws(ReflinkError) -> CopyOutcome {
  try clone(source, to: destination, slices: slices)
}

@discardableResult
func syncSnapshot(
  _ source: FileDescriptor, _ name: FilePath
) throws(ReflinkError) -> SnapshotOutcome {
  try snapshot(source, as: name)
}

@discardableResult
func syncCopyTree(
  _ source: FileDescriptor, _ destination: FileDescriptor
) throws(ReflinkError) -> TreeOutcome {
  try copyTree(source, to: destination)
}

@discardableResult
func syncCloneRange(
  _ source: FileDescriptor, _ range: Range<Int64>, _ destination: FileDescriptor, _ offset: Int64,
  _ cloning: Cloning
) throws(ReflinkError) -> CopyOutcome {
  try cloneRange(from: source, range: range, to: destination, at: offset, cloning: cloning)
}
