import Synchronization
import SystemPackage

/// Sources that somebody writes to while they are copied.
extension EntryCopier {
  /// What clones the source into a file without a name, beside it: where the destination is on another file
  /// system, or where its extents are to be compared with those of an earlier clone. Nil where that is not
  /// asked for, or not possible.
  @inline(never)
  func momentaryClone(
    of file: borrowing Descriptor, _ status: FileStatus, _ source: Location,
    _ destination: Location, comparedWith snapshot: consuming EarlierFile? = nil,
    place: ClonePlace?
  ) -> MomentaryClone? {
    let isToBeCompared = snapshot != nil
    guard options.product == .copies, status.type == .regular, status.size > 0 else { return nil }
    if !isToBeCompared {
      guard options.sourceChanges == .refused,
        let there = try? destination.directory.descriptor.status(),
        there.identity.device != status.identity.device
      else { return nil }
    }
    let unnamed = try? OwnedName.dot.with { (name) throws(SystemError) in
      try source.directory.descriptor.open(name, [.unnamed, .readWrite], mode: 0o600)
    }
    guard let unnamed, let another = try? Descriptor(duplicating: file.number) else {
      return isToBeCompared ? MomentaryClone(nil, comparedWith: snapshot) : nil
    }
    let transfer = FileTransfer(
      from: another, status, into: unnamed, cloning: .required, holes: .keep, place: place)
    return MomentaryClone(transfer, comparedWith: snapshot)
  }

  /// Whether the source is not what it was when its copy began.
  func hasChanged(_ copy: borrowing FileCopy) -> Bool {
    guard options.sourceChanges != .ignored, copy.transfer.readsAtOffsets,
      options.product == .copies, copy.transfer.outcome.isOfSeveralMoments
    else { return false }
    switch copy.transfer.original {
    case .some: return false
    case .none: break
    }
    guard let now = try? copy.transfer.mover.source.status() else { return true }
    return !now.isAsWritten(copy.status)
  }

  /// Discards a copy whose source has changed. Throws where it was begun anew often enough.
  func beginAgain(
    _ copy: inout FileCopy, _ source: Location, _ destination: Location
  ) throws(ReflinkError) -> Progress {
    var failure = ReflinkError(
      code: .sourceChanged, operation: .read, source: source.path, destination: destination.path)
    if let name = copy.name {
      failure.leftover = name.discard(copy.transfer.mover.destination, at: destination)
      if failure.leftover != nil { throw failure }
    }
    if changes?.mayBeginAgain(copy.status.identity) ?? false {
      // What was overwritten is to be overwritten again, however new it looks by now.
      if copy.name == nil, let there = try? copy.transfer.mover.destination.status() {
        changes?.isBegun(there.identity)
      }
      return .toBeginAgain
    }
    if copy.name == nil { failure.leftover = destination.path }
    throw failure
  }
}

/// How often copies were begun anew because their sources changed.
final class SourceChangeCount: Sendable {
  private static let most = 3
  private let begun = Mutex<[FileStatus.Identity: Int]>([:])

  private let overwritten = Mutex<Set<FileStatus.Identity>>([])

  /// A destination was overwritten in vain, and will be again.
  func isBegun(_ destination: FileStatus.Identity) {
    overwritten.withLock { _ = $0.insert(destination) }
  }

  /// Whether that is so of this one; once.
  func takeBegun(_ destination: FileStatus.Identity?) -> Bool {
    guard let destination else { return false }
    return overwritten.withLock { $0.remove(destination) != nil }
  }

  /// Counts one more copy of a file that was in vain; false after the last one.
  func mayBeginAgain(_ file: FileStatus.Identity) -> Bool {
    begun.withLock { begun in
      let count = begun[file, default: 0] + 1
      begun[file] = count < Self.most ? count : nil
      return count < Self.most
    }
  }
}

extension CopyOutcome {
  /// Whether the data was read bit by bit.
  fileprivate var isOfSeveralMoments: Bool {
    if case .slices = execution { return true }
    return offloaded > 0 || copied > 0 || (update?.read ?? 0) > 0
  }
}
