import SystemPackage

/// A copy that only looks: `EntryProduct.nothing`.
extension EntryCopier {
  func plan(
    _ source: Location, isOperand: Bool, within ancestry: Ancestry?, to destination: Location
  ) throws(ReflinkError) -> Result {
    let follow = options.symbolicLinks.follows(isOperand: isOperand)
    let status = try attempt(.examine(.source), source, destination) { () throws(SystemError) in
      try source.status(follow: follow)
    }
    let entry = EntryFacts(source: status, destination: .unseen, isOperand: isOperand)
    switch decide(entry).kind {
    case .skip: return .skipped
    case .refuse(let refusal): throw refused(refusal, source, destination)
    default: break
    }
    guard status.type != .directory else {
      return try planDirectory(status, source, follow: follow, within: ancestry, destination)
    }
    if let linked = keptLinks(of: status, follow: follow) {
      switch linked.claim(status) {
      case .first: linked.remember(status, at: HardLinks.Copy(source, status.identity))
      case .pending: return .postponed(status.identity)
      case .later: return .hardLink
      }
    }
    return .planned(status)
  }

  /// The source stands for both sides: nothing is written to either.
  private func planDirectory(
    _ status: FileStatus, _ source: Location, follow: Bool, within ancestry: Ancestry?,
    _ destination: Location
  ) throws(ReflinkError) -> Result {
    if options.symbolicLinks == .follow, ancestry?.contains(status.identity) ?? false {
      throw refused(.cyclicLink, source, destination)
    }
    return try attempt(.readDirectory, source, destination) { () throws(SystemError) in
      let opened = try source.open(follow ? .directory : [.directory, .noFollow])
      let again = try Descriptor(duplicating: opened.number)
      let path = DirectoryPath(OwnedName(source.name), in: source.directory.path)
      let base = source.directory.base ?? source.directory
      return .directory(
        DirectoryCopy(
          source: Directory(opened, path, base: base),
          destination: Directory(again, path, base: base), status: status, isNew: false,
          isEntered: ancestry.map { $0.root.device == status.identity.device } ?? true
            || !options.staysOnFileSystem, attributes: nil, durability: .none))
    }
  }
}
