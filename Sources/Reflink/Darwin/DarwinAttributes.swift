#if canImport(Darwin)
  import Darwin
  import SystemPackage

  extension CopyOptions.Preservation {
    /// Gives a copy what is preserved of its source beside the data, by their descriptors; times
    /// last. Flags (chflags(2)) are not among it.
    func set(
      _ status: FileStatus, _ source: Descriptor, on copy: Descriptor, _ from: FilePath,
      _ to: FilePath
    ) throws(ReflinkError) {
      func attempt(
        _ operation: ReflinkError.Operation, isRequired: Bool = true, _ body: () -> CInt
      ) throws(ReflinkError) -> Bool {
        do throws(Errno) {
          _ = try check(body)
          return true
        } catch {
          if isRequired { throw error.during(operation, from, to) }
          return false
        }
      }
      var permissions = status.permissions
      if owner != .ignore {
        let isGiven = try attempt(.preserveOwner, isRequired: owner == .required) {
          fchown(copy.number, status.owner.rawValue, status.group.rawValue)
        }
        if !isGiven {
          // The group alone; and nobody gets rights that were another's.
          fchown(copy.number, uid_t.max, status.group.rawValue)
          permissions.subtract([.setUserID, .setGroupID])
        }
      }
      if extendedAttributes != .ignore {
        _ = try attempt(
          .preserveAttribute(name: "*"), isRequired: extendedAttributes == .required
        ) { fcopyfile(source.number, copy.number, nil, copyfile_flags_t(COPYFILE_XATTR)) }
      }
      if mode {
        _ = try attempt(.preserveMode) {
          fcopyfile(source.number, copy.number, nil, copyfile_flags_t(COPYFILE_ACL))
        }
        _ = try attempt(.preserveMode) {
          fchmod(copy.number, mode_t(permissions.rawValue & 0o7777))
        }
      }
      if times {
        let times = [status.accessed.timespec, status.modified.timespec]
        _ = try attempt(.preserveTimes) { unsafe futimens(copy.number, times) }
      }
    }
  }
#endif
