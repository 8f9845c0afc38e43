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

  /// A path as messages show it: an operand exactly as it was given.
  func shown(_ path: FilePath) -> String {
    if path == source.path { return Quoting.name(source) }
    if directory == nil, path == destination.path { return Quoting.name(destination) }
    return Quoting.name(path)
  }
}

enum Pairing {
  case pairs([OperandPair])
  /// Wrong usage.
  case misuse(String)
  /// The file system said no.
  case refused(String)
}

/// Finds out what the operands mean: `SOURCE DEST` or `SOURCE... DIRECTORY`.
func pairOperands(_ settings: Settings) -> Pairing {
  let parents = settings.makesParents
  let strips = settings.stripsSlashes
  var operands = settings.operands
  guard let first = operands.first else { return .misuse("missing file operand") }

  switch settings.target {
  case .directory(let path):
    do throws(Errno) {
      return .pairs(pair(operands, into: try Directory.open(path), parents, strips))
    } catch {
      return .refused(
        "target directory \(Quoting.name(path)): \(errorText(error.rawValue))")
    }
  case .name:
    if operands.count == 1 { return missingDestination(first) }
    if parents { return .misuse("with --parents, the destination must be a directory") }
    if operands.count > 2 { return .misuse("extra operand \(Quoting.name(operands[2]))") }
    return .pairs([OperandPair(source: first, destination: operands[1], directory: nil)])
  case .inferred:
    if operands.count == 1 { return missingDestination(first) }
    let last = operands.removeLast()
    do throws(Errno) {
      return .pairs(pair(operands, into: try Directory.open(last), parents, strips))
    } catch {
      if operands.count == 1, parents {
        return .misuse("with --parents, the destination must be a directory")
      }
      if operands.count == 1 {
        return .pairs([OperandPair(source: first, destination: last, directory: nil)])
      }
      return .refused("target \(Quoting.name(last)): \(errorText(error.rawValue))")
    }
  }
}

private func missingDestination(_ operand: OwnedName) -> Pairing {
  .misuse("missing destination file operand after \(Quoting.name(operand))")
}

private func pair(
  _ sources: [OwnedName], into directory: Directory, _ parents: Bool, _ strips: Bool
) -> [OperandPair] {
  sources.map { operand in
    // As cp does: only for what goes into a directory.
    let source = strips ? operand.withoutTrailingSlashes : operand
    return OperandPair(
      source: source, destination: parents ? source : source.nameInDirectory, directory: directory,
      withParents: parents)
  }
}

extension OwnedName {
  /// The name that a source gets in a directory: its last component. `..` stands for
  /// the directory itself, and copying into its parent is never meant.
  fileprivate var nameInDirectory: OwnedName {
    let whole = withoutTrailingSlashes
    if whole.text.elementsEqual([Self.slash]) { return .dot }
    let name = whole.text.lastIndex(of: Self.slash).map { OwnedName(whole.text[($0 + 1)...]) }
    let last = name ?? whole
    return last.text.elementsEqual(OwnedName("..").text) ? .dot : last
  }
}
