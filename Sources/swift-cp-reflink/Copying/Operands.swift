import Reflink
import SystemPackage

/// One source and where it goes.
struct OperandPair: Sendable {
  var source: OwnedName
  /// A path; relative to `directory` where there is one.
  var destination: OwnedName
  var directory: Directory?
  /// Whether the source's own directories are made below `directory`; see `--parents`.
  var withParents = false

  /// Whether a path is that of a directory on the way to a source that is copied with those.
  func leadsThrough(_ path: FilePath) -> Bool {
    withParents && path != source.path && source.path.starts(with: path)
  }

  /// A source's path as messages show it: what was given exactly as it was given.
  func shown(source path: FilePath) -> String {
    Quoting.name(path.restoring(source))
  }

  /// A destination's path, likewise.
  func shown(destination path: FilePath) -> String {
    Quoting.name(given(destination: path))
  }

  func given(destination path: FilePath) -> OwnedName {
    path.restoring(
      directory?.givenPath ?? destination)
  }
}

/// The sources and where they go, each pair made when its turn comes.
struct OperandPairs {
  fileprivate(set) var sources: Operands
  var target: Target
  /// `--parents`, `--strip-trailing-slashes`
  fileprivate(set) var withParents = false
  fileprivate(set) var stripsSlashes = false

  enum Target {
    case name(OwnedName)
    case directory(Directory)
  }

  var count: Int { sources.count }

  subscript(index: Int) -> OperandPair {
    let source = sources[index]
    switch target {
    case .name(let name):
      return OperandPair(source: source, destination: name, directory: nil)
    case .directory(let directory):
      // As cp does: only for what goes into a directory.
      let source = stripsSlashes ? source.withoutTrailingSlashes : source
      return OperandPair(
        source: source, destination: withParents ? source : source.nameInDirectory,
        directory: directory, withParents: withParents)
    }
  }
}

enum Pairing {
  case pairs(OperandPairs)
  /// Wrong usage.
  case misuse(String)
  /// The file system said no.
  case refused(String)
}

/// Finds out what the operands mean: `SOURCE DEST` or `SOURCE... DIRECTORY`.
func pairOperands(_ settings: Settings) -> Pairing {
  var operands = settings.operands
  if operands.count == 0 { return .misuse("missing file operand") }

  func pairs(into directory: Directory) -> Pairing {
    .pairs(
      OperandPairs(
        sources: operands, target: .directory(directory), withParents: settings.makesParents,
        stripsSlashes: settings.stripsSlashes))
  }

  switch settings.target {
  case .directory(let path):
    switch Directory.open(path) {
    case .directory(let directory): return pairs(into: directory)
    case .failed(let errno):
      return .refused(
        "target directory \(Quoting.name(path)): \(errorText(errno.rawValue))")
    }
  case .contradiction:
    return .refused(
      "cannot combine --target-directory (-t) and --no-target-directory (-T)")
  case .name:
    if operands.count == 1 { return missingDestination(operands[0]) }
    if operands.count > 2 { return .misuse("extra operand \(Quoting.name(operands[2]))") }
    if settings.makesParents {
      return .misuse("with --parents, the destination must be a directory")
    }
    let last = operands.removeLast()
    return .pairs(OperandPairs(sources: operands, target: .name(last)))
  case .inferred:
    if operands.count == 1 { return missingDestination(operands[0]) }
    let last = operands.removeLast()
    switch Directory.open(last) {
    case .directory(let directory): return pairs(into: directory)
    case .failed(let errno):
      if operands.count == 1, settings.makesParents {
        return .misuse("with --parents, the destination must be a directory")
      }
      if operands.count == 1 {
        return .pairs(OperandPairs(sources: operands, target: .name(last)))
      }
      return .refused("target \(Quoting.name(last)): \(errorText(errno.rawValue))")
    }
  }
}

private func missingDestination(_ operand: OwnedName) -> Pairing {
  .misuse("missing destination file operand after \(Quoting.name(operand))")
}

extension OwnedName {
  /// The name that a source gets in a directory: its last component. `..` stands for
  /// the directory itself, and copying into its parent is never meant.
  fileprivate var nameInDirectory: OwnedName {
    if isRoot { return .dot }
    let last = withoutTrailingSlashes.split().last
    return last == .parent ? .dot : last
  }
}

extension FilePath {
  /// The path with its beginning as it was given: a `FilePath` joins slashes, and has none at
  /// its end.
  fileprivate func restoring(_ given: OwnedName) -> OwnedName {
    let normal = OwnedName(given.path)
    if normal == given { return OwnedName(self) }
    let text = OwnedName(self).text
    guard text.starts(with: normal.text) else { return OwnedName(self) }
    let rest = text.dropFirst(normal.count)
    if rest.isEmpty { return given }
    guard rest.first == OwnedName.slash else { return OwnedName(self) }
    return OwnedName(given.withoutTrailingSlashes.text + rest)
  }
}
