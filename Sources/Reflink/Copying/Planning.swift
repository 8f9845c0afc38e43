import SystemPackage

/// A copy that only looks: `Making.nothing`.
extension EntryCopier {
  func plan(
    _ source: Place, isOperand: Bool, within ancestry: Ancestry?, to destination: Place
  ) throws(ReflinkError) -> Result {
    let follow = options.symbolicLinks.follows(isOperand: isOperand)
    let status = try attempt(.examine(.source), source, destination) { () throws(SystemError) in
      try source.folder.descriptor.status(of: source.name, follow: follow)
    }
    let entry = EntryFacts(source: status, destination: .unseen, isOperand: isOperand)
    switch decide(entry).kind {
    case .skip: return .skipped
    case .refuse(let refusal): throw refused(refusal, source, destination)
    default: break
    }
    guard status.type != .folder else {
      return try planFolder(status, source, follow: follow, within: ancestry, destination)
    }
    if let linked = keptLinks(of: status, follow: follow) {
      switch linked.claim(status) {
      case .first: linked.remember(status, at: source.path, status.identity)
      case .pending: return .postponed(status.identity)
      case .later: return .hardLink
      }
    }
    return .planned(status)
  }

  /// The source stands for both sides: nothing is written to either.
  private func planFolder(
    _ status: FileStatus, _ source: Place, follow: Bool, within ancestry: Ancestry?,
    _ destination: Place
  ) throws(ReflinkError) -> Result {
    if options.symbolicLinks == .follow, ancestry?.contains(status.identity) ?? false {
      throw refused(.cyclicLink, source, destination)
    }
    return try attempt(.readFolder, source, destination) { () throws(SystemError) in
      let folder = try source.folder.descriptor.open(
        source.name, follow ? .folder : [.folder, .noFollow])
      let again = try Descriptor(duplicating: folder.number)
      return .folder(
        FolderCopy(
          source: Folder(folder, Folder.Way(source)),
          destination: Folder(again, Folder.Way(source)), status: status, isNew: false,
          isEntered: true, attributes: nil))
    }
  }
}
