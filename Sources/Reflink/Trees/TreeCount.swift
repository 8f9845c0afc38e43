import SystemPackage

extension CopyController {
  /// Counts what operands hold while they are copied, on the calling thread, and states the whole in
  /// the end. What cannot be looked at is not counted; the copy will tell.
  ///
  /// - Parameter decide: Which entries are copied at all, as if nothing was there.
  package func countAhead(
    _ sources: [OwnedName], _ options: CopyOptions, _ filter: EntryFilter,
    decide: @escaping EntryPolicy
  ) {
    var counting = options
    counting.product = .nothing
    counting.publication = .inPlace
    counting.durability = .none
    counting.sweepsLeftovers = false
    var counter = TreeCopier(
      EntryCopier(options: counting, decide: decide, activity: nil), filter: filter,
      onFailure: .continue { _ in }, workers: .caller)
    for source in sources {
      // The source stands for both sides: nothing is written to either.
      guard let location = try? counter.locate(source) else { continue }
      _ = try? counter.copy(location, to: location)
    }
    settle(bytes: counter.outcome.plannedBytes, files: counter.outcome.files)
  }
}
