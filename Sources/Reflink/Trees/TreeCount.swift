import SystemPackage

extension CopyController {
  /// Counts what operands hold while they are copied, on the calling thread, and states the whole in
  /// the end; not where something cannot be looked at, or where descriptors are short.
  ///
  /// - Parameter decide: Which entries are copied at all, as if nothing was there.
  package func countAhead(
    _ sources: [OwnedName], _ options: CopyOptions, _ filter: EntryFilter,
    decide: @escaping EntryPolicy
  ) {
    // Each directory that is open holds descriptors, which the copy may need.
    guard workersForDescriptors() >= 4 else { return }
    var counter = TreeCopier(
      EntryCopier(options: options.looking, decide: decide, activity: nil), filter: filter,
      onFailure: .continue { _ in }, workers: .caller)
    for source in sources { _ = try? counter.look(at: source) }
    // Of what was not counted nobody knows how much it is.
    guard counter.outcome.failures == 0 else { return }
    settle(
      bytes: options.product == .copies ? counter.outcome.plannedBytes : 0,
      files: counter.outcome.files)
  }
}

/// Calls `visit` for each regular file that a copy of `source` would copy, on the calling thread.
///
/// - Parameters:
///   - interruption: Ends it early.
///   - report: Told of what cannot be looked at.
/// - Throws: `ReflinkError` where that is the source itself.
package func visitFiles(
  _ source: OwnedName, _ options: CopyOptions, _ filter: EntryFilter, interruption: Interruption,
  report: @escaping @Sendable (ReflinkError) -> Void,
  visit: @escaping @Sendable (FilePath) -> Void
) throws(ReflinkError) {
  var looker = TreeCopier(
    EntryCopier(
      options: options.looking, decide: { _ in .create },
      activity: Activity(nil, interruption: interruption)),
    filter: filter, onFailure: .continue(report: report), workers: .caller)
  looker.onPlanned = visit
  try looker.look(at: source)
}

extension TreeCopier {
  /// The source stands for both sides: nothing is written to either.
  fileprivate mutating func look(at source: OwnedName) throws(ReflinkError) {
    let location = try locate(source)
    try copy(location, to: location)
  }
}

extension CopyOptions {
  /// The same, to look only.
  fileprivate var looking: CopyOptions {
    var options = self
    options.product = .nothing
    options.publication = .inPlace
    options.durability = .none
    options.sweepsLeftovers = false
    return options
  }
}
