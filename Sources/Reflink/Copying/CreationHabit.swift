import Synchronization
import SystemPackage

/// What creating a file in a directory yields beside what was asked for: the owner, the
/// group (the creator's or the directory's), and whether the mode is taken as it is. One
/// file made there tells it for all.
enum CreationHabit: Sendable {
  case unknown
  case known(owner: UserID, group: GroupID, keepsMode: Bool)
}

/// Why files of a device are not cloned into a directory: a refusal that lies in the two
/// file systems and will be the same for the next file.
struct CloneRefusal: Sendable {
  var device: DeviceID
  var cause: FallbackCause
}

extension Directory {
  func refusal(from source: FileStatus) -> FallbackCause? {
    // Only directories of a tree see more than one file.
    guard inheritsACL != nil else { return nil }
    let known = refusal.withLock { $0 }
    return known?.device == source.identity.device ? known?.cause : nil
  }

  func noteRefusal(_ cause: FallbackCause, from source: FileStatus) {
    guard inheritsACL != nil, cause == .notSupported || cause == .otherFileSystem else { return }
    refusal.withLock { $0 = CloneRefusal(device: source.identity.device, cause: cause) }
  }
}

/// The rights that a new file has from its creation on.
struct CreationRights {
  var mode: UInt32
  /// Whether it has its final owner, or its final mode, so that neither is set again.
  var ownerIsFinal = false
  var modeIsFinal = false
}

extension EntryCopier {
  /// The rights to make a file with: its owner's alone until it has its owner, and
  /// final at once where the directory is known to give it that owner and mode.
  func creationRights(for source: FileStatus, in directory: Directory) -> CreationRights {
    let preserving = options.preserving
    guard preserving.needsOwnersOnly else {
      return CreationRights(mode: wantedPermissions(of: source).rawValue)
    }
    var rights = CreationRights(mode: 0o600)
    // A default access control list has a say in the mode.
    guard directory.inheritsACL == false,
      case .known(let owner, let group, let keepsMode) = directory.habit.withLock({ $0 })
    else { return rights }
    rights.ownerIsFinal =
      preserving.owner == .ignore || (owner == source.owner && group == source.group)
    let plain = source.permissions.rawValue & 0o777
    if preserving.mode, rights.ownerIsFinal, keepsMode, plain == source.permissions.rawValue,
      plain & umask.value.rawValue == 0
    {
      rights.mode = plain
      rights.modeIsFinal = true
    }
    return rights
  }

  /// Looks at the first file that was made in a directory of a tree.
  func learn(from file: borrowing Descriptor, _ rights: CreationRights, in directory: Directory) {
    guard options.preserving.needsOwnersOnly, directory.inheritsACL == false else { return }
    directory.habit.withLock { habit in
      guard case .unknown = habit, let status = try? file.status() else { return }
      habit = .known(
        owner: status.owner, group: status.group,
        keepsMode: status.permissions.rawValue == rights.mode & ~umask.value.rawValue)
    }
  }
}
