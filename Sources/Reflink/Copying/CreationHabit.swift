import Synchronization
import SystemPackage

/// What creating a file in a folder yields beside what was asked for: the owner, the
/// group (the creator's or the folder's), and whether the mode is taken as it is. One
/// file made there tells it for all.
enum CreationHabit: Sendable {
  case unknown
  case known(owner: UInt32, group: UInt32, keepsMode: Bool)
}

/// Why files of a device are not cloned into a folder: a refusal that lies in the two
/// file systems and will be the same for the next file.
struct CloneRefusal: Sendable {
  var device: UInt64
  var cause: FallbackCause
}

extension Folder {
  func refusal(from source: FileStatus) -> FallbackCause? {
    // Only folders of a tree see more than one file.
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
  /// final at once where the folder is known to give it that owner and mode.
  func creationRights(for source: FileStatus, in folder: Folder) -> CreationRights {
    let preserving = options.preserving
    guard preserving.needsOwnersOnly else {
      return CreationRights(mode: wantedPermissions(of: source).rawValue)
    }
    var rights = CreationRights(mode: 0o600)
    // A default access control list has a say in the mode.
    guard folder.inheritsACL == false,
      case .known(let owner, let group, let keepsMode) = folder.habit.withLock({ $0 })
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

  /// Looks at the first file that was made in a folder of a tree.
  func learn(from file: borrowing Descriptor, _ rights: CreationRights, in folder: Folder) {
    guard options.preserving.needsOwnersOnly, folder.inheritsACL == false else { return }
    folder.habit.withLock { habit in
      guard case .unknown = habit, let status = try? file.status() else { return }
      habit = .known(
        owner: status.owner, group: status.group,
        keepsMode: status.permissions.rawValue == rights.mode & ~umask.value.rawValue)
    }
  }
}
