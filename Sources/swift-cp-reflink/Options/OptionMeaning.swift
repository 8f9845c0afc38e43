import Reflink

/// What applying an option came to.
enum Applied {
  case `continue`
  case end(Request)
}

extension OptionState {
  /// Applies one option; of options that exclude each other the last one wins.
  mutating func apply(_ meaning: Option.Meaning, _ argument: OwnedName?) -> Applied {
    switch meaning {
    case .archive:
      settings.rules.recursive = true
      links = .copy
      settings.copyOptions.preserving = .everything
    case .atomic: isAtomic = true
    case .synchronize: isDurable = true
    case .consistent: settings.copyOptions.sourceChanges = .refused
    case .snapshot: settings.makesSnapshots = true
    case .background: settings.copyOptions.pace.priority = .background
    case .limitRate:
      let text = argument ?? OwnedName("")
      guard let rate = byteCount(text.string), rate > 0 else {
        return .end(.misuse("invalid rate: \(Quoting.quote(text))"))
      }
      settings.copyOptions.pace.bytesPerSecond = rate
    case .exclude: return exclude(argument ?? OwnedName(""))
    case .excludeFrom:
      switch lines(ofFile: argument ?? OwnedName("")) {
      case .failed(let message): return .end(.refused(message))
      case .lines(let lines):
        for line in lines where !line.isComment {
          if line.isRule {
            return .end(
              .refused("patterns stand alone, without + or - before them: \(Quoting.quote(line))"))
          }
          if case .end(let request) = exclude(line) { return .end(request) }
        }
      }
    case .cloneSlice:
      let text = argument ?? OwnedName("")
      guard let slices = slices(text.string) else {
        return .end(.misuse("invalid slice: \(Quoting.quote(text))"))
      }
      settings.copyOptions.slices = slices
    case .cloneDestination:
      guard settings.earlier.copies.count < CopyBasis.mostCopies else {
        return .end(.refused("more than \(CopyBasis.mostCopies) times --clone-dest"))
      }
      settings.earlier.copies.append(argument ?? OwnedName(""))
    case .since: settings.earlier.snapshot = argument
    case .ignoreTimes: settings.earlier.ignoresTimes = true
    case .probe: set(.probe)
    case .sharing: set(.sharing)
    case .dedupe: set(.dedupe)
    case .verifySharing: settings.verifiesSharing = true
    case .json:
      settings.writesRecords = true
      settings.copyOptions.detectsInlineData = true
    case .progressOnTerminal: settings.progress = .onTerminal
    case .progress:
      guard let argument else {
        settings.progress = .onTerminal
        break
      }
      switch ProgressWord.match(argument, for: "--progress") {
      case .one(.auto): settings.progress = .onTerminal
      case .one(.always): settings.progress = .always
      case .one(.never): settings.progress = .never
      case .none(let message): return .end(.misuse(message))
      }
    case .attributesOnly: settings.copyOptions.product = .attributesOnly
    case .backup:
      backs = true
      if let argument { backupWord = argument }
    case .backupSimply: backs = true
    case .context:
      if argument != nil {
        var output = Output()
        output.complain("warning: ignoring --context; it requires an SELinux-enabled kernel")
      }
    case .label: break
    case .copyContents: copiesContents = true
    case .linksNoDereference:
      links = .copy
      settings.copyOptions.preserving.hardLinks = true
    case .debug:
      settings.verbosity = .methods
      settings.copyOptions.detectsInlineData = true
    case .follow: links = .follow
    case .followOperands: links = .followOperands
    case .noFollow: links = .copy
    case .force: settings.rules.force = true
    case .hardLinks: makesHardLinks = true
    case .symbolicLinks: makesSymbolicLinks = true
    case .help: return .end(.help(Help.text))
    case .interactive:
      settings.rules.asks = true
      leavesExisting = false
    case .jobs:
      let text = argument ?? OwnedName("")
      guard let count = Int(text.string), count > 0, count <= 256 else {
        return .end(.misuse("invalid number of jobs: \(Quoting.quote(text))"))
      }
      settings.workers = count
    case .keepDirectoryLinks:
      settings.rules.keepsDirectoryLinks = true
      settings.copyOptions.entersLinkedDirectories = true
    case .noClobber:
      settings.rules.asks = false
      leavesExisting = true
    case .oneFileSystem: settings.copyOptions.staysOnFileSystem = true
    case .parents: settings.makesParents = true
    case .preserveUsual: preserve(.usual, true)
    case .preserve: return preserve(argument, "--preserve", true)
    case .noPreserve: return preserve(argument, "--no-preserve", false)
    case .recursive, .recursiveToo: settings.rules.recursive = true
    case .reflink:
      guard let argument else {
        settings.copyOptions.cloning = .required
        break
      }
      switch ReflinkWord.match(argument, for: "--reflink") {
      case .one(.auto): settings.copyOptions.cloning = .preferred
      case .one(.always): settings.copyOptions.cloning = .required
      case .one(.never): settings.copyOptions.cloning = .never
      case .none(let message): return .end(.misuse(message))
      }
    case .removeDestination:
      settings.rules.removesDestination = true
      settings.copyOptions.removesToMakeRoom = true
    case .sparse:
      switch SparseWord.match(argument ?? OwnedName(""), for: "--sparse") {
      case .one(.never): settings.copyOptions.holes = .fill
      case .one(.auto): settings.copyOptions.holes = .keep
      case .one(.always): settings.copyOptions.holes = .detect
      case .none(let message): return .end(.misuse(message))
      }
    case .stripSlashes: settings.stripsSlashes = true
    case .suffix:
      backs = true
      suffix = argument
    case .targetDirectory:
      if targetDirectory != nil {
        return .end(.refused("multiple target directories specified"))
      }
      targetDirectory = argument
    case .noTargetDirectory: takesNoDirectory = true
    case .updateOlder: settings.rules.update = .older
    case .update:
      guard let argument else {
        settings.rules.update = .older
        break
      }
      switch UpdateWord.match(argument, for: "--update") {
      case .one(let word): settings.rules.update = word
      case .none(let message): return .end(.misuse(message))
      }
    case .verbose: settings.verbosity = max(settings.verbosity, .names)
    case .version: return .end(.help(Help.versionText))
    }
    return .continue
  }

  private mutating func set(_ task: Settings.Task) {
    hasTwoTasks = hasTwoTasks || (settings.task != .copy && settings.task != task)
    settings.task = task
  }

  private mutating func exclude(_ pattern: OwnedName) -> Applied {
    let bytes = pattern.text.map(UInt8.init(bitPattern:))
    guard let text = String(validating: bytes, as: UTF8.self), !text.isEmpty else {
      let fault = pattern.isEmpty ? "is empty" : "is not UTF-8; '?' fits any byte"
      return .end(.misuse("invalid pattern \(Quoting.quote(pattern)): it \(fault)"))
    }
    settings.filter.rules.append(.exclude(text))
    return .continue
  }

  private mutating func preserve(
    _ argument: OwnedName?, _ option: String, _ keeps: Bool
  ) -> Applied {
    guard let argument else {
      preserve(.usual, keeps)
      return .continue
    }
    let comma = CChar(0x2C)
    for word in argument.text.split(separator: comma, omittingEmptySubsequences: false) {
      switch PreserveWord.match(OwnedName(word), for: option) {
      case .one(.context) where keeps: needsContext = true
      case .one(let word): preserve(word, keeps)
      case .none(let message): return .end(.misuse(message))
      }
    }
    return .continue
  }

  private mutating func preserve(_ word: PreserveWord, _ keeps: Bool) {
    var preserving = settings.copyOptions.preserving
    switch word {
    case .mode:
      preserving.mode = keeps
      settings.copyOptions.usesDefaultMode = !keeps
    case .timestamps: preserving.times = keeps
    case .ownership: preserving.owner = keeps ? .wherePossible : .ignore
    case .links: preserving.hardLinks = keeps
    case .context: break
    case .xattr:
      preserving.extendedAttributes = keeps ? .required : .ignore
      requiresAttributes = keeps
    case .all:
      preserving = keeps ? .everything : .nothing
      settings.copyOptions.usesDefaultMode = !keeps
    case .usual:
      preserving.mode = keeps
      preserving.owner = keeps ? .wherePossible : .ignore
      preserving.times = keeps
    }
    settings.copyOptions.preserving = preserving
  }
}

enum ReflinkWord: String, OptionWord { case auto, always, never }
enum ProgressWord: String, OptionWord { case auto, always, never }
enum SparseWord: String, OptionWord { case never, auto, always }
enum UpdateWord: String, OptionWord {
  case all, none
  case noneFail = "none-fail"
  case older
}
enum BackupWord: String, OptionWord {
  case none, off, simple, never, existing
  case nilWord = "nil"
  case numbered, t

  static var synonyms: [[BackupWord]] {
    [[.none, .off], [.simple, .never], [.existing, .nilWord], [.numbered, .t]]
  }
}
enum PreserveWord: String, OptionWord {
  case mode, timestamps, ownership, links, context, xattr, all
  /// Not a word: what `-p` means.
  case usual = ""
  static var allCases: [PreserveWord] {
    [.mode, .timestamps, .ownership, .links, .context, .xattr, .all]
  }
}

/// An option's argument out of a list of words, each of which may be abbreviated.
protocol OptionWord: RawRepresentable<String>, CaseIterable {
  /// The words, those together that mean the same.
  static var synonyms: [[Self]] { get }
}

enum WordMatch<Word> {
  case one(Word)
  /// None, or more than one; the message lists all.
  case none(String)
}

extension OptionWord {
  static var synonyms: [[Self]] { allCases.map { [$0] } }

  static func match(_ text: OwnedName, for option: String) -> WordMatch<Self> {
    let wanted = text.string
    if let word = allCases.first(where: { $0.rawValue == wanted }) { return .one(word) }
    let matches = allCases.filter { $0.rawValue.hasPrefix(wanted) }
    if matches.count == 1 { return .one(matches[0]) }
    let kind = matches.isEmpty ? "invalid" : "ambiguous"
    let list = synonyms.map { words in
      "  - " + words.map { Quoting.quote($0.rawValue) }.joined(separator: ", ")
    }.joined(separator: "\n")
    return .none(
      "\(kind) argument \(Quoting.quote(text)) for \(Quoting.quote(option))\n"
        + "Valid arguments are:\n\(list)")
  }
}

extension OwnedName {
  var string: String {
    String(decoding: text.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}
