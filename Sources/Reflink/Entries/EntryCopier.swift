import SystemPackage

/// Performs one action on one name: its facts, a decision, the work, an outcome. The
/// destination is looked at only when creating it told that the name was taken.
///
/// A class, since all that a tree's workers share is in it: a copy of it for every entry would
/// count references that several processors write to.
final class EntryCopier: Sendable {
  let options: CopyOptions
  let decide: EntryPolicy
  /// Ends the copy, and counts.
  let activity: Activity?
  let umask: Umask
  /// How fast files are moved, all together.
  let pace: TransferPace
  /// When the copy began, in seconds since 1970.
  let begun: Int64
  /// What keeps hard links together; nil where they are not kept.
  let hardLinks: HardLinks?
  /// Told of what is replaced, or gets another name.
  let onExisting: EntryListener?
  /// Asks the user about a name that is taken; yes or no.
  let ask: (@Sendable (Question) -> Bool)?
  /// Whether files halt before their data moves, until all of several are ready.
  let isOfGroup: Bool
  /// What is to be made durable in the end; nil where nothing is.
  let unsynchronized: PendingSynchronization?
  /// Of sources that change while they are copied; nil where those are no error.
  let changes: SourceChangeCount?
  /// Earlier copies that this one builds on; nil where there are none.
  let basis: EarlierCopies?
  /// What this copy created, where several sources may have one name; else nil.
  let created: CreatedEntries?

  init(
    options: CopyOptions, decide: @escaping EntryPolicy, activity: Activity?,
    onExisting: EntryListener? = nil, ask: (@Sendable (Question) -> Bool)? = nil,
    remembersCreated: Bool = false, isOfGroup: Bool = false
  ) {
    self.isOfGroup = isOfGroup
    self.options = options
    self.decide = decide
    self.activity = activity
    self.onExisting = onExisting
    self.ask = ask
    umask = Umask()
    begun = wallClockSeconds()
    pace = TransferPace(
      limit: RateLimit(options.pace.bytesPerSecond),
      leavesNoCache: options.pace.priority == .background)
    unsynchronized = PendingSynchronization(options.durability)
    changes = options.sourceChanges == .refused ? SourceChangeCount() : nil
    hardLinks =
      options.preserving.hardLinks
      ? HardLinks(namesMayReturn: options.symbolicLinks != .copy || remembersCreated) : nil
    created = remembersCreated ? CreatedEntries() : nil
    basis = nil
  }

  /// The same for a part of a copy: what the whole remembers, it does too.
  init(
    partOf whole: EntryCopier, isUnpublished: Bool, basedOn basis: EarlierCopies?,
    activity: Activity?
  ) {
    isOfGroup = false
    self.basis = basis
    var options = whole.options
    if basis != nil, options.publication == .inPlace { options.publication = .unnamed }
    if isUnpublished {
      options.publication = .inPlace
      options.isInUnpublishedTree = true
    }
    self.options = options
    decide = whole.decide
    self.activity = activity
    onExisting = whole.onExisting
    ask = whole.ask
    umask = whole.umask
    begun = whole.begun
    pace = whole.pace
    unsynchronized = whole.unsynchronized
    changes = whole.changes
    hardLinks = whole.hardLinks
    created = whole.created
  }

  /// What became of an entry.
  enum Result: Sendable {
    case skipped
    /// Not copied: what is there counts as the copy.
    case unchanged
    /// Not copied: what is there is newer, and another.
    case keptDifferent
    /// One of these three, and what it comes to.
    case left(EntryOutcome.Skipped)
    case file(CopyOutcome)
    case hardLink
    /// The destination is another name of the file already.
    case alreadyLinked
    case symbolicLink
    case special
    /// Made, or entered; its entries and then its attributes are still to come.
    case directory(DirectoryCopy)
    /// An unfinished copy; to be resumed after `wait`, if there is one.
    case unfinished(SuspendedFile, Wait?)
    /// Nothing was done: a file cannot be opened yet. To be tried again after the wait.
    case blocked(Wait)
    /// What had the name was removed to make room: to be begun again.
    case begunAgain
    /// Another name of a file that is being copied: to be tried again after that.
    case postponed(FileStatus.Identity)
    /// Only looked at.
    case planned(FileStatus)

    /// The entry's outcome, where nothing is left to do about it.
    var entry: EntryOutcome? {
      switch self {
      case .skipped, .unchanged: .skipped(EntryOutcome.Skipped())
      case .keptDifferent: .skipped(EntryOutcome.Skipped(isDifferent: true))
      case .left(let skipped): .skipped(skipped)
      case .file(let outcome): .file(outcome)
      case .hardLink, .alreadyLinked: .hardLink
      case .symbolicLink: .symbolicLink
      case .special: .special
      case .postponed: nil
      case .directory: nil
      case .unfinished: nil
      case .blocked, .begunAgain: nil
      case .planned: nil
      }
    }
  }

  /// How often a source that is replaced, or a name that comes and goes, is looked at again.
  static var maxAttempts: Int { 1000 }

  /// Copies one entry. `hint` is its type where the directory's record told it. Without
  /// a turn, a file is copied to its end; with one, only as far as that goes.
  func copy(
    _ source: Location, hint: FileType = .unknown, isOperand: Bool,
    within ancestry: Ancestry? = nil, to destination: Location, _ turn: WorkerTurn? = nil
  ) throws(ReflinkError) -> Result {
    if options.product == .nothing {
      return try plan(source, isOperand: isOperand, within: ancestry, to: destination)
    }
    let follow = options.symbolicLinks.follows(isOperand: isOperand)
    var hint = hint
    for _ in 0..<Self.maxAttempts {
      let look = try look(source, hint: hint, follow: follow, turn)
      let result: Result?
      switch consume look {
      case .blocked(let wait): return .blocked(wait)
      case .seen(let entry):
        let status = entry.status
        result = try copy(
          entry, source, isOperand: isOperand, follow: follow, within: ancestry,
          to: destination, turn
        )?.counted(status, activity, options.product)
      }
      if let result {
        if isOperand, result.givesName { unsynchronized?.named(in: destination.directory) }
        guard case .begunAgain = result else { return result }
      }
      // Or the name leads to another file than the one that was decided on.
      hint = .unknown
    }
    throw ReflinkError(
      code: .sourceChanged, operation: .open(.source), source: source.path,
      destination: destination.path)
  }

  /// Nil where the source was replaced by another kind of file meanwhile.
  private func copy(
    _ seen: consuming SourceEntry, _ source: Location, isOperand: Bool, follow: Bool,
    within ancestry: Ancestry?, to destination: Location, _ turn: WorkerTurn?
  ) throws(ReflinkError) -> Result? {
    var seen = seen
    while true {
      let entry = EntryFacts(source: seen.status, destination: .unseen, isOperand: isOperand)
      switch decide(entry).kind {
      case .skip: return .skipped
      case .refuse(let refusal): throw refused(refusal, source, destination)
      default: break
      }
      let type = seen.status.type
      let access = access(for: type)
      if type == .directory {
        return try copyDirectory(entry, source, follow: follow, within: ancestry, to: destination)
      }
      if options.product == .symbolicLinks {
        return try linkSymbolically(entry, source, to: destination)
      }
      if let file = seen.descriptor.take() {
        return try copy(entry, file, source, follow: follow, to: destination, turn)
      }
      var turn = turn
      if let place = placeInLine(for: entry, turn) {
        if activity?.isCancelled ?? false { throw cancelled(source, destination) }
        if !place.isGranted { return .blocked(Wait(place)) }
        turn?.place = place
      }
      var opened: SourceEntry
      do throws(SystemError) {
        let look = try open(source, access, follow: follow, turn)
        switch consume look {
        case .blocked(let wait): return .blocked(wait)
        case .seen(let entry): opened = entry
        }
      } catch {
        if error.errno == .canceled { throw cancelled(source, destination) }
        // It was something else a moment ago: a link now, or a socket.
        if error.errno == .tooManySymbolicLinkLevels || error.errno == .noSuchAddressOrDevice,
          let now = try? source.status(follow: follow), now.type != type
        {
          return nil
        }
        // A source that is not to be copied need not be opened.
        if let result = try unopened(entry, source, to: destination) { return result }
        throw error.during(.open(.source), source.path, destination.path)
      }
      if self.access(for: opened.status.type) != access { return nil }
      // What was opened is decided on again where it is not what was looked at.
      if opened.status.identity == entry.source.identity, opened.status.type == type {
        guard let file = opened.descriptor.take() else { return nil }
        var entry = entry
        entry.source = opened.status
        return try copy(entry, file, source, follow: follow, to: destination, turn)
      }
      seen = opened
    }
  }

  /// Where the clone of a large operand stands in line, before anything is opened for it: many
  /// that wait for one image have no descriptors. Files of trees are few at a time.
  private func placeInLine(for entry: EntryFacts, _ turn: WorkerTurn?) -> ClonePlace? {
    guard let turn, entry.isOperand, entry.source.type == .regular,
      entry.source.size > CloneLine.shortSize, options.product == .copies,
      options.cloning != .never, options.holes != .fill, options.slices == .whole
    else { return nil }
    if let place = turn.place, place.files.contains(entry.source.identity) { return place }
    return CloneLine.shared.enter([entry.source.identity], for: .clone)
  }

  /// What becomes of a source that cannot be opened, where what has its name decides that
  /// alone; nil where it was to be read.
  private func unopened(
    _ entry: EntryFacts, _ source: Location, to destination: Location
  ) throws(ReflinkError) -> Result? {
    let found: EntryAction?
    do throws(ReflinkError) {
      found = try resolveConflict(entry, source, destination)
    } catch {
      // Which is looked at once the source is open.
      if case .refuse(.danglingLink) = error.operation { return nil }
      throw error
    }
    guard let action = found else { return nil }
    return switch action.kind {
    case .skip: .skipped
    case .leave: .unchanged
    case .keepDifferent: .keptDifferent
    default: nil
    }
  }

  /// Copies what is open, whose status is that of the facts.
  private func copy(
    _ entry: EntryFacts, _ file: consuming Descriptor, _ source: Location, follow: Bool,
    to destination: Location, _ turn: WorkerTurn?
  ) throws(ReflinkError) -> Result {
    let status = entry.source
    if options.product == .hardLinks {
      return try makeHardLink(entry, file, source, to: destination)
    }
    if let linked = keptLinks(of: status, follow: follow) {
      switch linked.claim(status) {
      case .first: break
      case .pending: return .postponed(status.identity)
      case .later(let earlier): return try link(to: earlier, entry, source, destination)
      }
    }
    do throws(ReflinkError) {
      let result: Result
      switch status.type {
      case .symbolicLink: result = try copySymbolicLink(entry, file, source, to: destination)
      case _ where access(for: status.type) == .data:
        result = try copyFile(entry, file, source, to: destination, turn)
      default: result = try copySpecial(entry, file, source, to: destination)
      }
      settle(status, destination, result)
      return result
    } catch {
      forget(status)
      throw error
    }
  }
}

extension EntryCopier.Result {
  /// Whether a name was given, or what it leads to was changed.
  fileprivate var givesName: Bool {
    switch self {
    case .skipped, .unchanged, .keptDifferent, .left, .blocked, .begunAgain, .postponed, .planned:
      false
    case .file, .hardLink, .alreadyLinked, .symbolicLink, .special, .directory, .unfinished: true
    }
  }

  /// Told to whoever watches, where it is no copy, which tells of itself: a link in its place, or
  /// what was left, with the size of its source, which is dealt with all the same.
  fileprivate consuming func counted(
    _ source: FileStatus, _ activity: Activity?, _ product: EntryProduct
  ) -> Self {
    switch self {
    case .skipped, .unchanged, .keptDifferent: break
    case .hardLink, .alreadyLinked, .symbolicLink:
      if product == .hardLinks || product == .symbolicLinks, source.type == .regular {
        activity?.controller?.fileDone()
      }
      return self
    default: return self
    }
    let size = source.type == .regular ? source.size : 0
    activity?.controller?.skip(size)
    var isDifferent = false
    if case .keptDifferent = self { isDifferent = true }
    return .left(
      EntryOutcome.Skipped(bytes: size, type: source.type, isDifferent: isDifferent))
  }
}
