import SystemPackage

/// Where a file's data is taken from: the source itself, or what stands for it.
struct DataSource: ~Copyable {
  /// The source, a clone of it that is of one moment, or an earlier copy that is the same.
  var data: Descriptor
  var status: FileStatus
  /// The source, where its data is taken from something else.
  var original: Descriptor?
  /// An earlier copy that is to be brought up to date.
  var basis: Update?
  /// What is to be told of an earlier copy that is the same.
  var unchanged: CopyOutcome.Update?
}

extension EntryCopier {
  /// - Parameter mayBuild: Whether the destination is a new regular file.
  func dataSource(
    _ file: consuming Descriptor, _ entry: EntryFacts, _ source: Location, _ destination: Location,
    mayBuild: Bool
  ) throws(ReflinkError) -> DataSource {
    var found = EarlierCopies.Found.none
    if let basis, mayBuild, options.product == .copies, entry.source.type == .regular,
      entry.source.size > 0, options.cloning(of: entry.source) != .never
    {
      found = basis.find(entry.source, destination)
    }
    switch consume found {
    case .none:
      return try momentarySource(file, entry, source, destination, isToBeCompared: false)
    case .unchanged(let earlier):
      var told = CopyOutcome.Update()
      told.earlier = earlier.path
      told.isUnchanged = true
      return DataSource(
        data: earlier.descriptor, status: earlier.status, original: file, basis: nil,
        unchanged: told)
    case .changed(let earlier):
      let snapshot = basis?.snapshot(of: source, entry.source.identity, earlier)
      switch consume snapshot {
      case .none:
        var result = try momentarySource(file, entry, source, destination, isToBeCompared: false)
        result.basis = Update(earlier, proof: nil)
        return result
      case .some(let snapshot):
        var result = try momentarySource(file, entry, source, destination, isToBeCompared: true)
        result.basis = Update(
          earlier, proof: SnapshotProof(snapshot.descriptor, now: result.data))
        return result
      }
    }
  }

  /// The source, or a clone of it where it is not to change meanwhile.
  private func momentarySource(
    _ file: consuming Descriptor, _ entry: EntryFacts, _ source: Location, _ destination: Location,
    isToBeCompared: Bool
  ) throws(ReflinkError) -> DataSource {
    let clone = momentaryClone(
      of: file, entry.source, source, destination, isToBeCompared: isToBeCompared)
    switch consume clone {
    case .none:
      return DataSource(data: file, status: entry.source, original: nil, basis: nil, unchanged: nil)
    case .some(let clone):
      // Of a later moment than the look at the source.
      let status = try attempt(.examine(.source), source, destination) {
        () throws(SystemError) in try clone.status()
      }
      return DataSource(data: clone, status: status, original: file, basis: nil, unchanged: nil)
    }
  }
}
