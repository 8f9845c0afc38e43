import Reflink

/// What applying an option came to.
enum Applied {
  case goOn
  case end(Request)
}

extension Settings {
  /// Applies one option; of options that exclude each other the last one wins.
  mutating func apply(_ meaning: Option.Meaning, _ argument: OperandPath?) -> Applied {
    switch meaning {
    case .archive:
      beRecursive()
      copyOptions.symbolicLinks = .copy
      copyOptions.preserving = .everything
    case .linksNoDereference:
      copyOptions.symbolicLinks = .copy
      copyOptions.preserving.hardLinks = true
    case .debug: tells = .methods
    case .force: rules.force = true
    case .help: return .end(.help(Help.text))
    case .noClobber: rules.existing = .skip
    case .preserveUsual: preserve(.usual)
    case .preserve:
      guard let argument else {
        preserve(.usual)
        break
      }
      for word in argument.text.split(separator: ",", omittingEmptySubsequences: false) {
        switch PreserveWord.match(String(word), for: "--preserve") {
        case .one(let word): preserve(word)
        case .none(let message): return .end(.misuse(message))
        }
      }
    case .recursive, .recursiveToo: beRecursive()
    case .reflink:
      guard let argument else {
        copyOptions.cloning = .required
        break
      }
      switch ReflinkWord.match(argument.text, for: "--reflink") {
      case .one(.auto): copyOptions.cloning = .preferred
      case .one(.always): copyOptions.cloning = .required
      case .one(.never): copyOptions.cloning = .never
      case .none(let message): return .end(.misuse(message))
      }
    case .sparse:
      switch SparseWord.match(argument?.text ?? "", for: "--sparse") {
      case .one(.never): copyOptions.holes = .fill
      case .one(.auto): copyOptions.holes = .keep
      case .one(.always): copyOptions.holes = .detect
      case .none(let message): return .end(.misuse(message))
      }
    case .targetFolder:
      if case .folder = target {
        return .end(.refused("multiple target directories specified"))
      }
      if let argument { target = .folder(argument) }
    case .noTargetFolder: target = .name
    case .verbose: tells = max(tells, .names)
    case .version: return .end(.help(Help.versionText))
    }
    return .goOn
  }

  private mutating func beRecursive() {
    rules.recursive = true
    rules.readsSpecialFiles = false
    copyOptions.specialFiles = .recreate
    // Without a word on links, those found in folders are copied as links.
    if copyOptions.symbolicLinks == .follow { copyOptions.symbolicLinks = .copy }
  }

  private mutating func preserve(_ word: PreserveWord) {
    switch word {
    case .mode: copyOptions.preserving.mode = true
    case .timestamps: copyOptions.preserving.times = true
    case .ownership: copyOptions.preserving.owner = true
    case .links: copyOptions.preserving.hardLinks = true
    // Without SELinux there is none to keep.
    case .context: break
    case .xattr: copyOptions.preserving.extendedAttributes = .required
    case .all: copyOptions.preserving = .everything
    case .usual:
      copyOptions.preserving.mode = true
      copyOptions.preserving.owner = true
      copyOptions.preserving.times = true
    }
  }
}

enum ReflinkWord: String, OptionWord { case auto, always, never }
enum SparseWord: String, OptionWord { case never, auto, always }
enum PreserveWord: String, OptionWord {
  case mode, timestamps, ownership, links, context, xattr, all
  /// Not a word: what `-p` means.
  case usual = ""
  static var allCases: [PreserveWord] {
    [.mode, .timestamps, .ownership, .links, .context, .xattr, .all]
  }
}

/// An option's argument out of a list of words, each of which may be abbreviated.
protocol OptionWord: RawRepresentable<String>, CaseIterable {}

enum WordMatch<Word> {
  case one(Word)
  /// None, or more than one; the message lists all.
  case none(String)
}

extension OptionWord {
  static func match(_ text: String, for option: String) -> WordMatch<Self> {
    if let word = allCases.first(where: { $0.rawValue == text }) { return .one(word) }
    let matches = allCases.filter { $0.rawValue.hasPrefix(text) }
    if matches.count == 1 { return .one(matches[0]) }
    let kind = matches.isEmpty ? "invalid" : "ambiguous"
    let list = allCases.map { "  - \(Quoting.quote($0.rawValue))" }.joined(separator: "\n")
    return .none(
      "\(kind) argument \(Quoting.quote(text)) for \(Quoting.quote(option))\n"
        + "Valid arguments are:\n\(list)")
  }
}

extension OperandPath {
  var text: String {
    String(decoding: bytes.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}
