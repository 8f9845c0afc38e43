import SystemPackage

/// Performs one action on one name. The way of an entry: its facts, a decision,
/// the work, an outcome. The destination is looked at only when creating it told
/// that the name was taken.
struct EntryCopier {
  var options: CopyOptions
  let decide: EntryPolicy
  let controller: CopyController?
  let umask = Umask()
  /// What keeps hard links together; nil where they are not kept.
  let hardLinks: HardLinks?
  /// Told of what is removed or renamed to make room.
  var onExisting: EntryListener?
  /// Asks the user about a name that is taken; yes or no.
  let ask: (@Sendable (Question) -> Bool)?
  /// What this copy made, where several sources may have one name; else nil.
  let made: CreatedEntries?

  init(
    options: CopyOptions, decide: @escaping EntryPolicy, controller: CopyController?,
    ask: (@Sendable (Question) -> Bool)? = nil, remembersMade: Bool = false
  ) {
    self.options = options
    self.decide = decide
    self.controller = controller
    self.ask = ask
    hardLinks =
      options.preserving.hardLinks
      ? HardLinks(followsLinks: options.symbolicLinks != .copy) : nil
    made = remembersMade ? CreatedEntries() : nil
  }

  /// What became of an entry.
  enum Result: ~Copyable, Sendable {
    case skipped
    /// Not copied, since it is there as it should be.
    case left
    case file(CopyOutcome)
    case hardLink
    case symbolicLink
    case special
    /// Made, or entered; its entries and then its attributes are still to come.
    case directory(DirectoryCopy)
    /// A file that is to be gone on with, after a wait where there is one.
    case unfinished(KeptFileCopy, Wait?)
    /// Another name of a file that is being copied: to be tried again after that.
    case postponed(FileIdentity)
    /// Only looked at.
    case planned(FileStatus)

    /// The entry's outcome, where nothing is left to do about it.
    var entry: EntryOutcome? {
      switch self {
      case .skipped: .skipped
      case .left: .skipped
      case .postponed: nil
      case .file(let outcome): .file(outcome)
      case .hardLink: .hardLink
      case .symbolicLink: .symbolicLink
      case .special: .special
      case .directory: nil
      case .unfinished: nil
      case .planned: nil
      }
    }
  }

  /// Copies one entry. `hint` is its type where the directory's record told it. Without
  /// a turn, a file is copied to its end; with one, only as far as that goes.
  func copy(
    _ source: Location, hint: FileType = .unknown, isOperand: Bool,
    within ancestry: Ancestry? = nil,
    to destination: Location, _ turn: WorkerTurn? = nil
  ) throws(ReflinkError) -> Result {
    if options.product == .nothing {
      return try plan(source, isOperand: isOperand, within: ancestry, to: destination)
    }
    let follow = options.symbolicLinks.follows(isOperand: isOperand)
    var file: Descriptor?
    var status: FileStatus
    if hint == .regular {
      file = try open(source, follow: follow)
      status = try examine(file, source)
    } else {
      do throws(SystemError) {
        status = try source.directory.descriptor.status(of: source.name, follow: follow)
      } catch {
        throw error.during(.examine(.source), source.path)
      }
    }

    let entry = EntryFacts(source: status, destination: .unseen, isOperand: isOperand)
    switch decide(entry).kind {
    case .skip: return .skipped
    case .refuse(let refusal): throw refused(refusal, source, destination)
    default: break
    }

    if options.product == .hardLinks || options.product == .symbolicLinks, status.type != .directory
    {
      return try makeLink(entry, source, follow: follow, to: destination)
    }
    if file == nil, readsContents(of: status.type) {
      file = try open(source, follow: follow)
      status = try examine(file, source)
    }
    guard status.type != .directory else {
      return try copyDirectory(entry, source, follow: follow, within: ancestry, to: destination)
    }
    if let linked = keptLinks(of: status, follow: follow) {
      switch linked.claim(status) {
      case .first: break
      case .pending: return .postponed(status.identity)
      case .later(let earlier): return try link(to: earlier, entry, source, destination)
      }
    }
    do throws(ReflinkError) {
      let result = try copy(entry, file, source, to: destination, turn)
      remember(status, destination, result)
      return result
    } catch {
      forget(status)
      throw error
    }
  }

  private func copy(
    _ entry: EntryFacts, _ file: consuming Descriptor?, _ source: Location,
    to destination: Location, _ turn: WorkerTurn?
  ) throws(ReflinkError) -> Result {
    let status = entry.source
    switch status.type {
    case .symbolicLink:
      return try copySymbolicLink(entry, source, to: destination)
    case _ where readsContents(of: status.type):
      guard let file = file.take() else { return .skipped }
      return try copyFile(entry, file, source, to: destination, turn)
    default:
      return try copySpecial(entry, source, to: destination)
    }
  }

  private func readsContents(of type: FileType) -> Bool {
    switch type {
    case .regular: true
    case .directory, .symbolicLink, .socket: false
    default: options.specialFiles == .readContents
    }
  }

  private func open(
    _ source: Location, follow: Bool
  ) throws(ReflinkError) -> Descriptor {
    // Never waiting for a FIFO's writer: reading it waits, where that is asked for.
    var flags: OpenFlags = .nonBlocking
    if !follow { flags.insert(.noFollow) }
    do throws(SystemError) {
      do throws(SystemError) {
        return try source.directory.descriptor.open(source.name, flags)
      } catch {
        guard error.errno == .resourceTemporarilyUnavailable else { throw error }
        return try openLeased(source, follow: follow)
      }
    } catch {
      throw error.during(.open(.source), source.path)
    }
  }

  /// A file that somebody holds a lease of (fcntl(2), F_SETLEASE) is given after a
  /// wait, which only a regular file is granted.
  private func openLeased(_ source: Location, follow: Bool) throws(SystemError) -> Descriptor {
    let file = try source.directory.descriptor.open(
      source.name, follow ? .reference : [.reference, .noFollow])
    guard try file.status().type == .regular else {
      throw SystemError(call: .open, errno: .resourceTemporarilyUnavailable)
    }
    return try file.reopen()
  }

  private func examine(
    _ file: borrowing Descriptor?, _ source: Location
  ) throws(ReflinkError) -> FileStatus {
    do throws(SystemError) {
      switch file {
      case .some(let file): return try file.status()
      case .none: return try source.directory.descriptor.status(of: source.name, follow: false)
      }
    } catch {
      throw error.during(.examine(.source), source.path)
    }
  }
}
