import SystemPackage

/// What of a source's attributes goes to its copy, and in which order: owner,
/// extended attributes, access control list, mode, capabilities, times. A change
/// of owner drops set-id bits and capabilities; writing any of them changes times.
struct AttributeCopy {
  let preserving: Preservation
  /// The mode to give a new entry where its source's is not preserved; nil leaves
  /// what its creation gave it.
  var creationMode: FilePermissions?
  /// Whether an access control list that the entry inherited from its directory goes.
  var removesInheritedACL = false
  /// Whether the copy has its source's owner, or mode, from its creation on.
  var ownerIsFinal = false
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
    if preserving.owner != .ignore, !ownerIsFinal {
      do throws(SystemError) {
        if try !setOwner(source, of: destination) {
          permissions.subtract([.setUserID, .setGroupID])
        }
      } catch {
        note(.preserveOwner, error)
        permissions.subtract([.setUserID, .setGroupID])
      }
    }

    let names = attributeNames(of: from, note)
    if preserving.extendedAttributes != .ignore {
      let before = makeWritable(destination, source, for: names)
      for name in names where name.isCopiedVerbatim {
        copy(name, from, destination, note)
      }
      if let before { try? destination.setMode(before) }
    }

    if source.type != .symbolicLink {
      if preserving.mode, !modeIsFinal || names.contains(.accessACL) {
        do throws(SystemError) {
          try copyACL(names, source.type, from, destination)
        } catch {
          // Without its list the group's bits are the list's mask: more than the group had.
          if names.contains(.accessACL) { permissions.subtract(.groupReadWriteExecute) }
          note(.preserveMode, error)
        }
        do throws(SystemError) {
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

    if preserving.extendedAttributes != .ignore, names.contains(.capability) {
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
        error.errno == .notPermitted || error.errno == .invalidArgument
      else { throw error }
      try? destination.setOwner(nil, group: source.group)
      return false
    }
  }

  private func attributeNames(
    of source: borrowing Descriptor, _ note: (ReflinkError.Operation, SystemError) -> Void
  ) -> [AttributeName] {
    guard preserving.mode || preserving.extendedAttributes != .ignore else { return [] }
    do throws(SystemError) {
      return try source.attributeNames()
    } catch {
      if preserving.extendedAttributes == .required, error.errno != .notSupported {
        note(.preserveAttribute(name: "*"), error)
      }
      return []
    }
  }

  /// Setting an attribute needs the right to write, which a mode that creation gave
  /// may withhold. Returns the mode to go back to.
  private func makeWritable(
    _ destination: borrowing Descriptor, _ source: FileStatus, for names: [AttributeName]
  ) -> FilePermissions? {
    guard source.type != .symbolicLink, !preserving.needsOwnersOnly || modeIsFinal,
      names.contains(where: \.isCopiedVerbatim),
      !source.permissions.contains(.ownerWrite),
      let mode = try? destination.status().permissions
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
    _ names: [AttributeName], _ type: FileType, _ from: borrowing Descriptor,
    _ destination: borrowing Descriptor
  ) throws(SystemError) {
    for list in type == .directory ? [.accessACL, .defaultACL] : [AttributeName.accessACL] {
      if names.contains(list) {
        try destination.setAttribute(list, try from.attribute(list))
      } else if mayHaveACL {
        try destination.removeAttribute(list)
      }
    }
  }
}

extension AttributeName {
  /// Whether copying the bytes is all there is to it. Not so for access control
  /// lists (part of the mode), capabilities (after the mode), labels and hashes
  /// that the system makes for each file itself.
  fileprivate var isCopiedVerbatim: Bool {
    switch text {
    case "system.posix_acl_access", "system.posix_acl_default", "security.capability",
      "security.selinux", "security.evm", "security.ima", "system.nfs4_acl",
      // XFS shows its access control lists a second time.
      "trusted.SGI_ACL_FILE", "trusted.SGI_ACL_DEFAULT":
      false
    default: true
    }
  }
}
