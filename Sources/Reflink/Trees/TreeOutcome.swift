import SystemPackage

/// What a tree copy does when one entry fails.
@nonexhaustive
public enum FailureRule: Sendable {
  /// The copy ends with that error; what is there stays.
  case stop
  /// The failure is told and counted, and the rest is copied.
  case `continue`(report: @Sendable (ReflinkError) -> Void)
  /// The failure is counted and kept in the outcome, and the rest is copied.
  case collect

  /// Whether the copy goes on after this error, which is then accounted for.
  func absorbs(_ error: ReflinkError, in outcome: inout TreeOutcome) -> Bool {
    if error.code == .cancelled { return false }
    switch self {
    case .stop: return false
    case .continue: break
    case .collect: outcome.errors.append(error)
    }
    outcome.failures += 1
    return true
  }

  /// Tells an error that was absorbed. Not to be called under a lock.
  func tell(_ error: ReflinkError) {
    if case .continue(let report) = self { report(error) }
  }
}

/// A tree copy's account.
public struct TreeOutcome: Sendable, Hashable, Codable {
  /// Regular files (and what was read like one).
  public var files = 0
  /// Directories that were made or entered.
  public var directories = 0
  /// Further names of files that were copied.
  public var hardLinks = 0
  /// Symbolic links that were made.
  public var symbolicLinks = 0
  /// FIFOs, sockets and device nodes that were made.
  public var specialFiles = 0
  /// Left as they were, or out, by the rule for names that are taken.
  public var skipped = 0
  /// Among them, files that are newer than their source and have another size; see
  /// `EntryOutcome.Skipped.isDifferent`.
  public var keptDifferent = 0
  /// Left out by the filter; of a directory, only itself is counted.
  public var excluded = 0
  /// Entries that failed, where the copy went on.
  public var failures = 0
  /// The failures, where they are collected.
  public var errors: [ReflinkError] = []
  /// Bytes, as `CopyOutcome` tells them apart.
  public var cloned: Int64 = 0
  /// Bytes that copy_file_range(2) moved.
  public var offloaded: Int64 = 0
  /// Bytes that went through memory.
  public var copied: Int64 = 0
  /// Bytes of holes that were kept.
  public var holes: Int64 = 0
  /// Files that were taken for unchanged, and shared with their earlier copies; see `CopyBasis`.
  public var filesUnchanged = 0
  /// Files that were brought up to date from their earlier copies.
  public var filesUpdated = 0
  /// What that came to, in bytes: equal by proof and by comparison, written, punched and read.
  public var updates = CopyOutcome.Update()
  /// Bytes of files that were skipped; not among the `total`.
  public var bytesSkipped: Int64 = 0
  /// Files that were cloned, and those that were not though they could have been, by the reason.
  package private(set) var filesCloned = 0
  package private(set) var filesOnOtherFileSystem = 0
  package private(set) var filesNotSupported = 0
  package private(set) var filesRefused = 0
  /// Bytes of files that were only counted; see `planTree`.
  var plannedBytes: Int64 = 0

  /// Of nothing yet. For tests of what takes outcomes, all that is told can be set.
  public init() {}

  private enum CodingKeys: String, CodingKey {
    case files, directories, hardLinks, symbolicLinks, specialFiles, skipped, keptDifferent
    case excluded, failures, errors, cloned, offloaded, copied, holes, bytesSkipped
    case filesUnchanged, filesUpdated, updates
  }

  /// Bytes accounted for. Every count stays at its type's largest value where it would exceed it.
  public var total: Int64 {
    cloned.saturatingAdd(offloaded).saturatingAdd(copied).saturatingAdd(holes)
  }

  init(of outcome: EntryOutcome) {
    add(outcome)
  }

  mutating func add(_ other: TreeOutcome) {
    files += other.files
    directories += other.directories
    hardLinks += other.hardLinks
    symbolicLinks += other.symbolicLinks
    specialFiles += other.specialFiles
    skipped += other.skipped
    keptDifferent += other.keptDifferent
    bytesSkipped = bytesSkipped.saturatingAdd(other.bytesSkipped)
    excluded += other.excluded
    failures += other.failures
    errors += other.errors
    plannedBytes = plannedBytes.saturatingAdd(other.plannedBytes)
    filesUnchanged += other.filesUnchanged
    filesUpdated += other.filesUpdated
    updates.add(other.updates)
    filesCloned += other.filesCloned
    filesOnOtherFileSystem += other.filesOnOtherFileSystem
    filesNotSupported += other.filesNotSupported
    filesRefused += other.filesRefused
    cloned = cloned.saturatingAdd(other.cloned)
    offloaded = offloaded.saturatingAdd(other.offloaded)
    copied = copied.saturatingAdd(other.copied)
    holes = holes.saturatingAdd(other.holes)
  }

  mutating func add(planned status: FileStatus) {
    switch status.type {
    case .symbolicLink: symbolicLinks += 1
    case .regular:
      files += 1
      plannedBytes = plannedBytes.saturatingAdd(status.size)
    default: specialFiles += 1
    }
  }

  mutating func add(_ outcome: EntryOutcome) {
    switch outcome {
    case .skipped(let what):
      skipped += 1
      if what.isDifferent { keptDifferent += 1 }
      bytesSkipped = bytesSkipped.saturatingAdd(what.bytes)
    case .excluded: excluded += 1
    case .hardLink: hardLinks += 1
    case .symbolicLink: symbolicLinks += 1
    case .special: specialFiles += 1
    case .directory, .parentDirectory: directories += 1
    case .removed, .backedUp: break
    case .file(let file):
      files += 1
      switch file.clone {
      case .worked: filesCloned += 1
      case .refused(.otherFileSystem): filesOnOtherFileSystem += 1
      case .refused(.notSupported): filesNotSupported += 1
      case .refused: filesRefused += 1
      case .notTried, .avoided: break
      }
      if let update = file.update {
        if update.isUnchanged { filesUnchanged += 1 } else { filesUpdated += 1 }
        updates.add(update)
      }
      cloned = cloned.saturatingAdd(file.cloned)
      offloaded = offloaded.saturatingAdd(file.offloaded)
      copied = copied.saturatingAdd(file.copied)
      holes = holes.saturatingAdd(file.holes)
    }
  }
}
