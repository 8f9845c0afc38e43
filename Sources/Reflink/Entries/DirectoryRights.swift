import SystemPackage

/// The mode of a new directory, from its creation to its end.
struct DirectoryRights {
  let wanted: FilePermissions
  let sticky: FilePermissions
  /// Others may put something into it only once it is complete.
  let withheld: FilePermissions
  /// What mkdir(2) is told: its owner can always fill it.
  let creation: UInt32

  /// - Parameter special: The source's set-id and sticky bits. mkdir(2) gives only the last, but
  ///   fakeroot, in its place, all of them.
  init(wanted: FilePermissions, special: FilePermissions, _ preserving: CopyOptions.Preservation) {
    self.wanted = wanted
    sticky = special.intersection(.saveText)
    withheld = wanted.intersection([.groupWrite, .otherWrite])
    creation =
      preserving.needsOwnersOnly
      ? 0o700
      : wanted.subtracting(withheld).union(special).union(.ownerReadWriteExecute).rawValue
  }

  /// What its owner needs only until it is complete.
  var surplus: FilePermissions { .ownerReadWriteExecute.subtracting(wanted) }

  /// The mode to set in the end, from what creation gave; nil where that is right already.
  func final(
    given: FilePermissions, _ final: FilePermissions?,
    umask: () throws(SystemError) -> FilePermissions
  ) throws(SystemError) -> FilePermissions? {
    if let final {
      return final.union(given.intersection([.setUserID, .setGroupID])).union(sticky)
    }
    // What its owner did not get from creation was added, to fill it.
    let isAsCreated = given.contains(.ownerReadWriteExecute) && given.isDisjoint(with: surplus)
    if withheld.isEmpty, isAsCreated { return nil }
    let missing = withheld.isEmpty ? withheld : withheld.subtracting(try umask())
    return given.subtracting(surplus).union(missing)
  }
}
