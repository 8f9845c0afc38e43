import SystemPackage

/// Copies an entry and, where it is a folder, all that is in it: from open folder
/// to open folder, never by a path that somebody could lead elsewhere.
package struct TreeCopier {
  private var entries: EntryCopier
  private let onFailure: FailureRule
  /// Whoever listens. Paths are put together only for them.
  private let listener: EntryListener?
  package private(set) var outcome = TreeOutcome()

  init(_ entries: EntryCopier, onFailure: FailureRule, listener: EntryListener?) {
    self.entries = entries
    self.entries.onExisting = listener
    self.onFailure = onFailure
    self.listener = listener
  }

  package init(
    options: CopyOptions, decide: @escaping Decide, onFailure: FailureRule,
    control: Control? = nil, listener: EntryListener? = nil,
    ask: (@Sendable (Question) -> Bool)? = nil, remembersMade: Bool = false
  ) {
    self.init(
      EntryCopier(
        options: options, decide: decide, control: control, ask: ask,
        remembersMade: remembersMade),
      onFailure: onFailure, listener: listener)
  }

  /// Throws where there is no such source.
  package func examine(_ source: OperandPath) throws(ReflinkError) {
    do throws(SystemError) {
      _ = try source.withName { (name) throws(SystemError) in
        try Descriptor.currentFolder.status(of: name, follow: false)
      }
    } catch {
      throw error.during(.examine(.source), source.display)
    }
  }

  /// Copies a folder without what is in it, to be finished by whoever asked.
  package mutating func enter(
    _ source: OperandPath, from sourceFolder: Folder?, to destination: OperandPath,
    in folder: Folder?
  ) throws(ReflinkError) -> FolderCopy {
    entries.root = nil
    return try source.withName { (source) throws(ReflinkError) in
      try destination.withName { (destination) throws(ReflinkError) in
        let from = Place(sourceFolder ?? .current, source)
        let to = Place(folder ?? .current, destination)
        let result = try entries.enter(from, to: to)
        if result.isNew { done(.parentFolder, from, to) }
        return result
      }
    }
  }

  /// Copies `source` to the path `destination`, relative to `folder` where there is
  /// one. Several calls share one memory of hard links.
  package mutating func copy(
    _ source: OperandPath, from sourceFolder: Folder? = nil, to destination: OperandPath,
    in folder: Folder?
  ) throws(ReflinkError) {
    try source.withName { (source) throws(ReflinkError) in
      try destination.withName { (destination) throws(ReflinkError) in
        try copy(
          Place(sourceFolder ?? .current, source), to: Place(folder ?? .current, destination))
      }
    }
  }

  /// Copies what the caller named.
  mutating func copy(_ source: Place, to destination: Place) throws(ReflinkError) {
    entries.root = nil
    try copyEntry(source, hint: .unknown, isOperand: true, to: destination)
  }

  private mutating func copyEntry(
    _ source: Place, hint: FileType, isOperand: Bool, to destination: Place
  ) throws(ReflinkError) {
    let result: EntryCopier.Result
    do throws(ReflinkError) {
      result = try entries.copy(source, hint: hint, isOperand: isOperand, to: destination)
    } catch {
      return try failed(error)
    }
    switch result {
    case .skipped, .left: done(.skipped, source, destination)
    case .file(let file): done(.file(file), source, destination)
    case .hardLink: done(.hardLink, source, destination)
    case .symbolicLink: done(.symbolicLink, source, destination)
    case .special: done(.special, source, destination)
    case .folder(let folder):
      done(.folder(isNew: folder.isNew), source, destination)
      do throws(ReflinkError) {
        if folder.isEntered { try copyContents(of: folder) }
        try folder.finish()
      } catch {
        try failed(error)
      }
    }
  }

  private mutating func copyContents(of folder: FolderCopy) throws(ReflinkError) {
    let from = folder.source
    let to = folder.destination
    if entries.root == nil {
      entries.root = .init(
        source: from.path, destination: to.path, identity: try identity(of: to, from),
        device: folder.status.identity.device)
    }
    let follows = entries.options.symbolicLinks == .follow
    if follows { entries.ancestors.append(folder.status.identity) }
    defer { if follows { entries.ancestors.removeLast() } }
    var batch = FolderBatch()
    while try fill(&batch, folder) {
      while batch.advance() {
        if let control = entries.control, control.isCancelled {
          throw ReflinkError(
            code: .cancelled, operation: .prepare, source: from.path, destination: to.path)
        }
        let name = batch.name
        try copyEntry(
          Place(from, name), hint: batch.type, isOperand: false, to: Place(to, name))
      }
    }
  }

  private func identity(
    of destination: Folder, _ source: Folder
  ) throws(ReflinkError) -> FileIdentity {
    do throws(SystemError) {
      return try destination.descriptor.status().identity
    } catch {
      throw error.during(.examine(.destination), source.path, destination.path)
    }
  }

  private func fill(_ batch: inout FolderBatch, _ folder: FolderCopy) throws(ReflinkError) -> Bool {
    do throws(SystemError) {
      return try batch.fill(from: folder.source.descriptor)
    } catch {
      throw error.during(.readFolder, folder.source.path, folder.destination.path)
    }
  }

  private mutating func done(_ entry: EntryOutcome, _ source: Place, _ destination: Place) {
    outcome.add(entry)
    if let listener { listener(entry, source.path, destination.path) }
  }

  /// Tells a failure and returns, or throws it on.
  private mutating func failed(_ error: ReflinkError) throws(ReflinkError) {
    guard case .goOn(let tell) = onFailure, error.code != .cancelled else { throw error }
    outcome.failures += 1
    tell(error)
  }
}
