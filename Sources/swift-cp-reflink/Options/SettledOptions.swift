import Reflink

extension OptionState {
  /// What all options together come to, once the last one was read.
  func settled() -> Request {
    var settings = settings
    let recursive = settings.rules.recursive
    if makesHardLinks, makesSymbolicLinks {
      return .misuse("cannot make both hard and symbolic links")
    }
    settings.rules.keepsData = settings.copyOptions.product == .attributesOnly
    if makesHardLinks { settings.copyOptions.product = .hardLinks }
    if makesSymbolicLinks { settings.copyOptions.product = .symbolicLinks }
    let product = settings.copyOptions.product
    switch (targetDirectory, takesNoDirectory) {
    case (_?, true): settings.target = .contradiction
    case (let directory?, false): settings.target = .directory(directory)
    case (nil, true): settings.target = .name
    case (nil, false): break
    }

    // Without a word on links, those found in directories are copied as links; what is
    // linked instead of copied is followed.
    let usual: CopyOptions.SymbolicLinks = recursive && product != .hardLinks ? .copy : .follow
    settings.copyOptions.symbolicLinks =
      links ?? (settings.task == .copy ? usual : .followOperands)
    if let conflict = conflictWithTask(settings) { return .misuse(conflict) }
    settings.rules.readsSpecialFiles = !recursive || copiesContents
    settings.copyOptions.specialFiles = settings.rules.readsSpecialFiles ? .readContents : .recreate
    // As newer coreutils do: what copies contents follows links on both sides.
    if recursive, copiesContents {
      settings.rules.keepsDirectoryLinks = true
      settings.copyOptions.entersLinkedDirectories = true
    }
    if requiresAttributes, settings.copyOptions.preserving.extendedAttributes != .ignore {
      settings.copyOptions.preserving.extendedAttributes = .required
    }
    settings.rules.copiesLinks = settings.copyOptions.symbolicLinks == .copy
    settings.rules.keepsTimes = settings.copyOptions.preserving.times
    settings.rules.keepsHardLinks = settings.copyOptions.preserving.hardLinks
    settings.rules.product = product
    settings.rules.writesThroughDanglingLinks = environment("POSIXLY_CORRECT") != nil

    if leavesExisting { settings.rules.update = .none }
    if backs, settings.rules.update == .none || settings.rules.update == .noneFail {
      return .misuse("--backup is mutually exclusive with -n or --update=none-fail")
    }
    if settings.copyOptions.cloning == .required, settings.copyOptions.holes != .keep {
      return .misuse("--reflink can be used only with --sparse=auto")
    }
    switch backups() {
    case .one(let names): settings.rules.backups = names
    case .none(let message): return .misuse(message)
    }
    if settings.makesSnapshots, let conflict = conflictWithSnapshots(settings) {
      return .misuse("--snapshot cannot be combined with \(conflict)")
    }
    if settings.verbosity >= .methods, settings.copyOptions.sourceChanges == .ignored {
      settings.copyOptions.sourceChanges = .told
    }
    // What is cloned from an earlier copy is not complete before it is brought up to date.
    if isAtomic || !settings.earlier.isEmpty {
      settings.copyOptions.publication = .unnamed
      settings.copyOptions.replacedAttributes = .kept
      settings.copyOptions.removesToMakeRoom = false
      settings.copyOptions.sweepsLeftovers = true
    }
    if let conflict = conflictWithEarlierCopies(settings) { return .misuse(conflict) }
    if isDurable {
      // What makes the files of a tree cheaper; see Benchmarks.
      settings.copyOptions.durability = recursive ? .fileSystem : .files
    }
    if needsContext {
      return .refused("cannot preserve security context without an SELinux-enabled kernel")
    }
    return .copy(settings)
  }

  /// What has no meaning where nothing is copied.
  private func conflictWithTask(_ settings: Settings) -> String? {
    let task: String
    switch settings.task {
    case .copy: return nil
    case .probe: task = "--probe"
    case .sharing: task = "--sharing"
    case .dedupe: task = "--dedupe"
    }
    if hasTwoTasks { return "--probe, --sharing and --dedupe exclude each other" }
    if targetDirectory != nil || takesNoDirectory {
      return "\(task) takes two operands, and neither -t nor -T"
    }
    if settings.verifiesSharing { return "\(task) cannot be combined with --verify-sharing" }
    if settings.makesSnapshots { return "\(task) cannot be combined with --snapshot" }
    if settings.copyOptions.cloning == .never {
      return "\(task) cannot be combined with --reflink=never"
    }
    return nil
  }

  /// What an earlier copy is of no use for.
  private func conflictWithEarlierCopies(_ settings: Settings) -> String? {
    let earlier = settings.earlier
    if earlier.isEmpty {
      if earlier.snapshot != nil { return "--since needs --clone-dest" }
      return earlier.ignoresTimes ? "--ignore-times needs --clone-dest" : nil
    }
    func conflict(_ with: String) -> String { "--clone-dest cannot be combined with \(with)" }
    if settings.task == .probe { return conflict("--probe") }
    if settings.task == .sharing { return conflict("--sharing") }
    if settings.task == .dedupe { return conflict("--dedupe") }
    if settings.makesSnapshots { return conflict("--snapshot") }
    if settings.copyOptions.product != .copies { return conflict("-l, -s or --attributes-only") }
    // Its data is shared with the earlier copy, as far as it is.
    if settings.copyOptions.cloning == .never { return conflict("--reflink=never") }
    if settings.copyOptions.cloning == .required { return conflict("--reflink=always") }
    if settings.copyOptions.slices != .whole { return conflict("--clone-slice") }
    if earlier.ignoresTimes, earlier.snapshot != nil {
      return "--since relies on times, and cannot be combined with --ignore-times"
    }
    if settings.copyOptions.holes != .keep { return conflict("--sparse") }
    return nil
  }

  /// What asks for something else than clones with all attributes under free names.
  private func conflictWithSnapshots(_ settings: Settings) -> String? {
    if settings.copyOptions.product != .copies { return "-l, -s or --attributes-only" }
    if settings.copyOptions.cloning == .never { return "--reflink=never" }
    if settings.copyOptions.holes != .keep { return "--sparse" }
    if settings.copyOptions.slices != .whole { return "--clone-slice" }
    if settings.filter != .everything { return "--exclude" }
    if backs { return "--backup" }
    if settings.rules.force || settings.rules.removesDestination {
      return "-f or --remove-destination"
    }
    if settings.rules.asks || settings.rules.update != .all { return "-i, -n or --update" }
    if settings.makesParents { return "--parents" }
    return nil
  }

  /// How backups are named: by the option's word, else by the environment.
  private func backups() -> WordMatch<BackupNames?> {
    guard backs else { return .one(nil) }
    var suffix = suffix ?? environmentBytes("SIMPLE_BACKUP_SUFFIX") ?? OwnedName("~")
    // A suffix with a slash would lead elsewhere.
    if suffix.isEmpty || suffix.text.contains(OwnedName.slash) { suffix = OwnedName("~") }
    let given = backupWord.flatMap { $0.isEmpty ? nil : $0 }
    guard let word = given ?? environmentBytes("VERSION_CONTROL"), !word.isEmpty else {
      return .one(.numberedIfPresent(suffix: suffix))
    }
    switch BackupWord.match(word, for: given == nil ? "$VERSION_CONTROL" : "backup type") {
    case .one(.none), .one(.off): return .one(nil)
    case .one(.simple), .one(.never): return .one(.simple(suffix: suffix))
    case .one(.existing), .one(.nilWord): return .one(.numberedIfPresent(suffix: suffix))
    case .one(.numbered), .one(.t): return .one(.numbered)
    case .none(let message): return .none(message)
    }
  }
}
