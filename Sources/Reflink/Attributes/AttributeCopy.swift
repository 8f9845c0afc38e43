import SystemPackage

/// What of a source's attributes goes to its copy, and in which order: owner,
/// extended attributes, access control list, mode, capabilities, times. A change
/// of owner drops set-id bits and capabilities; writing any of them changes times.
struct AttributeCopy: Sendable {
  let preserving: CopyOptions.Preservation
  /// What the source has, listed before the copy was made.
  let attributes: SourceAttributes
  /// Whether this copy made the entry: its owner's alone until now.
  let isNew: Bool
  /// The mode to give a new entry where its source's is not preserved; nil leaves
  /// what its creation gave it.
  var creationMode: FilePermissions?
  /// Whether an access control list that the entry inherited from its directory goes.
  var removesInheritedACL = false
  /// Whether the copy has its source's owner and group from its creation on.
  var ownerIsFinal = false
  /// Whether the copy was seen to have its source's mode, and no list, from its creation on.
  var modeIsFinal = false
  /// Whether the copy may hold an access control list that is not its source's:
  /// inherited from its directory, or of the file that was there before.
  var mayHaveACL: Bool

  /// The first failure, with what was being preserved. All the rest was done.
  struct Failure: Error {
    var operation: ReflinkError.Operation
    var error: SystemError
  }

  /// `source` is the status of `from`. Both files may be references (O_PATH).
  func apply(
    _ source: FileStatus, from: borrowing Descriptor, to destination: borrowing Descriptor
  ) throws(Failure) {
    var failure: Failure?
    func note(_ operation: ReflinkError.Operation, _ error: SystemError) {
      if failure == nil { failure = Failure(operation: operation, error: error) }
    }

    var permissions = source.permissions
    var ownerIsFinal = ownerIsFinal
    if !isNew, preserving.needsOwnersOnly, source.type != .symbolicLink {
      do throws(SystemError) {
        let before = try destination.rights()
        ownerIsFinal = before.owner == source.owner && before.group == source.group
        if preserving.mode {
          // Neither a new owner nor the removal of a list gives anybody more than he had, and
          // will have.
          try destination.setMode(
            before.permissions.intersection(permissions).intersection(.ownerReadWriteExecute))
        }
      } catch {
        note(.preserveMode, error)
      }
    }
    if preserving.owner != .ignore, !ownerIsFinal {
      do throws(SystemError) {
        if try !setOwner(source, of: destination) { permissions.subtract(.specialBits) }
      } catch {
        note(.preserveOwner, error)
        permissions.subtract(.specialBits)
      }
    }

    if preserving.extendedAttributes != .ignore {
      if let unlisted = attributes.failure, preserving.extendedAttributes == .required {
        note(.preserveAttribute(name: "*"), unlisted)
      }
      copyAttributes(source, from, destination, note)
    }

    if source.type != .symbolicLink, !modeIsFinal {
      if preserving.mode {
        do throws(SystemError) {
          try copyACL(source.type, from, destination)
        } catch {
          // Without its list the group's bits are the list's mask: more than the group had.
          if attributes.contains(.accessACL) { permissions.subtract(.groupReadWriteExecute) }
          note(.preserveMode, error)
        }
        do throws(SystemError) {
          // Unless it was seen: what creation made of it depends on a umask that another thread
          // may change.
          try destination.setMode(permissions)
        } catch {
          note(.preserveMode, error)
        }
      } else if let creationMode {
        do throws(SystemError) {
          if removesInheritedACL { try destination.removeAttribute(.accessACL) }
          try destination.setMode(creationMode)
        } catch {
          note(.preserveMode, error)
        }
      }
    }

    if preserving.extendedAttributes != .ignore, attributes.contains(.capability) {
      copy(.capability, from, destination, note)
    }

    if preserving.times {
      do throws(SystemError) {
        try destination.setTimes(accessed: source.accessed, modified: source.modified)
      } catch {
        note(.preserveTimes, error)
      }
    }
    if let failure { throw failure }
  }

  /// False when the file could not be given away, which only the privileged may do.
  private func setOwner(
    _ source: FileStatus, of destination: borrowing Descriptor
  ) throws(SystemError) -> Bool {
    do throws(SystemError) {
      try destination.setOwner(source.owner, group: source.group)
      return true
    } catch {
      guard preserving.owner == .wherePossible, !isPrivileged(),
        [.notPermitted, .permissionDenied, .invalidArgument].contains(error.errno)
      else { throw error }
      try? destination.setOwner(nil, group: source.group)
      return false
    }
  }

  private func copyAttributes(
    _ source: FileStatus, _ from: borrowing Descriptor, _ destination: borrowing Descriptor,
    _ note: (ReflinkError.Operation, SystemError) -> Void
  ) {
    let names = attributes.copiedVerbatim
    if names.isEmpty { return }
    let before = makeWritable(destination, source)
    for name in names { copy(name, from, destination, note) }
    if let before { try? destination.setMode(before) }
  }

  /// Setting an attribute needs the right to write, which a mode that creation gave
  /// may withhold. Returns the mode to go back to.
  private func makeWritable(
    _ destination: borrowing Descriptor, _ source: FileStatus
  ) -> FilePermissions? {
    guard source.type != .symbolicLink, let mode = try? destination.rights().permissions,
      !mode.contains(.ownerWrite)
    else { return nil }
    try? destination.setMode(mode.union(.ownerWrite))
    return mode
  }

  private func copy(
    _ name: AttributeName, _ source: borrowing Descriptor, _ destination: borrowing Descriptor,
    _ note: (ReflinkError.Operation, SystemError) -> Void
  ) {
    do throws(SystemError) {
      try destination.setAttribute(name, try source.attribute(name))
    } catch {
      if preserving.extendedAttributes == .required {
        note(.preserveAttribute(name: name.text), error)
      }
    }
  }

  /// Gives the copy its source's lists, and takes away what it inherited instead.
  private func copyACL(
    _ type: FileType, _ from: borrowing Descriptor, _ destination: borrowing Descriptor
  ) throws(SystemError) {
    for list in type == .directory ? [.accessACL, .defaultACL] : [AttributeName.accessACL] {
      if attributes.contains(list) {
        try destination.setAttribute(list, try from.attribute(list))
      } else if mayHaveACL {
        try destination.removeAttribute(list)
      }
    }
  }
}

extension FilePermissions {
  /// What means something else with another owner.
  fileprivate static var specialBits: FilePermissions { [.setUserID, .setGroupID, .saveText] }
}
