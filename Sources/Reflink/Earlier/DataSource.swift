import SystemPackage

/// Where a file's data is taken from: the source itself, or what stands for it.
struct DataSource: ~Copyable {
  /// The source, or an earlier copy that is the same.
  var data: Descriptor
  var status: FileStatus
  /// The source, where its data is taken from an earlier copy.
  var original: Descriptor?
  /// What of the earlier copy is to be told then.
  var unchanged: CopyOutcome.Update?
  /// What is to become the source first.
  var moment: MomentaryClone?
  /// An earlier copy that is to be brought up to date.
  var basis: Update?

  init(
    _ source: consuming Descriptor, _ status: FileStatus, after moment: MomentaryClone?,
    basedOn basis: Update? = nil
  ) {
    data = source
    self.status = status
    self.moment = moment
    self.basis = basis
  }

  @inline(never)
  init(unchanged earlier: consuming EarlierFile, of source: consuming Descriptor) {
    var told = CopyOutcome.Update()
    told.earlier = earlier.path
    told.isUnchanged = true
    unchanged = told
    status = earlier.status
    data = earlier.descriptor
    original = consume source
  }
}

extension EntryCopier {
  /// - Parameters:
  ///   - mayBuild: Whether the destination is a new regular file.
  ///   - place: In the line of a large source.
  func dataSource(
    _ file: consuming Descriptor, _ entry: EntryFacts, _ source: Location, _ destination: Location,
    mayBuild: Bool, place: ClonePlace?
  ) -> DataSource {
    var found = EarlierCopies.Found.none
    if let basis, mayBuild, options.product == .copies, entry.source.type == .regular,
      entry.source.size > 0, options.cloning(of: entry.source) != .never
    {
      found = basis.find(entry.source, destination)
    }
    switch consume found {
    case .none:
      let moment = momentaryClone(of: file, entry.source, source, destination, place: place)
      return DataSource(file, entry.source, after: moment)
    case .unchanged(let earlier):
      return DataSource(unchanged: earlier, of: file)
    case .changed(let earlier):
      let snapshot = basis?.snapshot(of: source, entry.source.identity, earlier)
      let moment = momentaryClone(
        of: file, entry.source, source, destination, comparedWith: snapshot, place: place)
      return DataSource(file, entry.source, after: moment, basedOn: Update(earlier))
    }
  }
}
