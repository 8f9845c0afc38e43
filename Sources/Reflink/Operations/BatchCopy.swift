import SystemPackage

/// Many files, one after the other, each with a destination of its own. Directories that
/// follow each other are opened once.
struct BatchCopy: ~Copyable, Operation {
  private let pairs: [(source: FilePath, destination: FilePath)]
  private let entries: EntryCopier
  private let parts: TreeParts
  private var sources: NamedDirectories
  private var destinations: NamedDirectories
  private var index = 0
  private var unfinished: SuspendedFile?
  private(set) var outcome = TreeOutcome()

  /// - Parameter here: What relative paths begin at.
  init(
    _ pairs: [(source: FilePath, destination: FilePath)], _ entries: EntryCopier,
    _ parts: TreeParts, from here: Directory
  ) {
    self.pairs = pairs
    self.entries = entries
    self.parts = parts
    sources = NamedDirectories(from: here)
    destinations = NamedDirectories(from: here)
  }

  mutating func resume(_ turn: WorkerTurn?) throws(ReflinkError) -> Turn {
    while index < pairs.count {
      do throws(ReflinkError) {
        if let activity = entries.activity, activity.isCancelled, unfinished == nil {
          throw ReflinkError(
            code: .cancelled, operation: .prepare, source: pairs[index].source,
            destination: pairs[index].destination, bytesDone: outcome.total)
        }
        if let wait = try copyOne(turn) { return wait }
      } catch {
        guard parts.onFailure.absorbs(error, in: &outcome) else { throw error }
        parts.onFailure.tell(error)
        index += 1
      }
      try entries.unsynchronized?.finishIfMany()
      if let turn, turn.isOver { return .spent }
    }
    try entries.unsynchronized?.finish()
    return .finished
  }

  /// Goes on with the next file. Nil when it is dealt with.
  private mutating func copyOne(_ turn: WorkerTurn?) throws(ReflinkError) -> Turn? {
    let result: EntryCopier.Result
    if let file = unfinished.take() {
      result = try entries.resume(file, turn)
    } else {
      let (source, destination) = try locate(pairs[index])
      result = try OwnedLocation.with(source, destination) { (from, to) throws(ReflinkError) in
        // As in a tree: what the name stands for is mostly a file, and is opened to be looked at.
        try entries.copy(from, hint: .regular, isOperand: true, to: to, turn)
      }
    }
    switch consume result {
    case .unfinished(let file, let wait):
      unfinished = file
      return wait.map { .waiting($0) } ?? .spent
    case .blocked(let wait): return .waiting(wait)
    case .begunAgain: return .spent
    case let result:
      let entry = result.entry ?? .skipped(EntryOutcome.Skipped())
      outcome.add(entry)
      if let listener = parts.listener {
        listener(entry, pairs[index].source, pairs[index].destination)
      }
      index += 1
      return nil
    }
  }

  private mutating func locate(
    _ pair: (source: FilePath, destination: FilePath)
  ) throws(ReflinkError) -> (OwnedLocation, OwnedLocation) {
    let source: OwnedLocation
    do throws(SystemError) {
      source = try sources.locate(OwnedName(pair.source))
    } catch {
      throw error.during(.open(.source), pair.source, pair.destination)
    }
    do throws(SystemError) {
      return (source, try destinations.locate(OwnedName(pair.destination)))
    } catch {
      throw error.during(.open(.destination), pair.source, pair.destination)
    }
  }
}

/// Directories that were named, a few of which stay open.
private struct NamedDirectories {
  private let here: Directory
  /// The one that was used last is the last.
  private var open: [(prefix: OwnedName, directory: Directory)] = []
  private static var most: Int { 8 }

  init(from here: Directory) {
    self.here = here
  }

  mutating func locate(_ path: OwnedName) throws(SystemError) -> OwnedLocation {
    let (prefix, name) = path.split()
    if let last = open.last, last.prefix == prefix {
      return OwnedLocation(last.directory, name)
    }
    if let index = open.firstIndex(where: { $0.prefix == prefix }) {
      open.append(open.remove(at: index))
    } else {
      let opened = try here.open(prefix.isEmpty ? .dot : prefix, [.reference, .directory])
      if open.count == Self.most { open.removeFirst() }
      open.append((prefix, Directory(opened, DirectoryPath(prefix))))
    }
    guard let directory = open.last?.directory else { return OwnedLocation(here, name) }
    return OwnedLocation(directory, name)
  }
}

/// What a batch needs of its caller: its options, checked, and the current directory.
struct BatchRequest: Sendable {
  let pairs: [(source: FilePath, destination: FilePath)]
  let options: CopyOptions
  let rule: ExistingRule
  let parts: TreeParts
  let here: Directory

  init(
    _ pairs: [(source: FilePath, destination: FilePath)], _ options: CopyOptions,
    _ rule: ExistingRule, _ parts: TreeParts
  ) throws(ReflinkError) {
    let first = pairs.first ?? ("", "")
    try options.check(first.source, first.destination)
    self.pairs = pairs
    self.options = options
    self.rule = rule
    self.parts = parts
    switch Directory.open(.dot) {
    case .directory(let opened): here = opened
    case .failed(let errno):
      throw SystemError(call: .open, errno: errno).during(.prepare, first.source)
    }
  }

  func begin(_ activity: Activity?) -> BatchCopy {
    let entries = EntryCopier(
      options: options, decide: rule.decideOnFile(options), activity: activity,
      onExisting: parts.listener)
    return BatchCopy(pairs, entries, parts, from: here)
  }
}
