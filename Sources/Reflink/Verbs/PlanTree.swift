public import SystemPackage

/// Counts what a copy of a tree would copy, and does nothing.
///
/// Looks at every entry by statx(2) and reads no data. What the destination holds is not
/// asked, so that a copy with the rule `skip` or `update` may do less. This call blocks its
/// thread, which counts too.
///
/// - Parameters:
///   - source: A file or directory.
///   - options: Which links are followed.
///   - filter: What is left out.
///   - onFailure: Whether an entry that cannot be looked at ends the counting.
///   - controller: Cancels from another thread.
/// - Returns: What there is, as of no single moment.
/// - Throws: `ReflinkError`.
public func planTree(
  _ source: FilePath, options: CopyOptions = CopyOptions(), filter: EntryFilter = .everything,
  onFailure: FailureRule = .stop, controller: CopyController? = nil
) throws(ReflinkError) -> TreePlan {
  TreePlan(
    try CopyRequest.runBlocking(
      controller, try counting(source, options, filter, onFailure)
    ).account)
}

/// Counts what a copy of a tree would copy, without blocking a thread of Swift's
/// cooperative pool.
///
/// - Parameters:
///   - source: A file or directory.
///   - options: Which links are followed.
///   - filter: What is left out.
///   - onFailure: Whether an entry that cannot be looked at ends the counting.
///   - controller: Cancelled with the task.
/// - Returns: What there is, as of no single moment.
/// - Throws: `ReflinkError`, with the code `cancelled` when the task was cancelled.
public func planTree(
  _ source: FilePath, options: CopyOptions = CopyOptions(), filter: EntryFilter = .everything,
  onFailure: FailureRule = .stop, controller: CopyController? = nil
) async throws(ReflinkError) -> TreePlan {
  TreePlan(
    try await CopyRequest.runAsync(
      controller, source, try counting(source, options, filter, onFailure)
    ).account)
}

/// The source stands for both sides: nothing is written to either.
private func counting(
  _ source: FilePath, _ options: CopyOptions, _ filter: EntryFilter, _ onFailure: FailureRule
) throws(ReflinkError) -> CopyRequest {
  var options = options
  options.product = .nothing
  options.publication = .inPlace
  do throws(SystemError) {
    let location = try OwnedLocation(resolving: OwnedName(source))
    return CopyRequest(
      files: .named(location, location), options: options, decide: { _ in .create },
      filter: filter, onFailure: onFailure, isTree: true)
  } catch {
    throw error.during(.examine(.source), source)
  }
}
