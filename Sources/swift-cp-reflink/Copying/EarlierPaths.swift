import Reflink
import SystemPackage

/// `--clone-dest`, `--since`, `--ignore-times`: what the copies of operands build on. The names stand for what
/// DEST stands for: where operands are copied into a directory each has its name in these too.
struct EarlierPaths {
  /// Those of `--clone-dest`.
  var copies: [OwnedName] = []
  /// That of `--since`.
  var snapshot: OwnedName?
  var ignoresTimes = false

  var isEmpty: Bool { copies.isEmpty }

  /// What is wrong with them; nil where they are all there.
  func fault() -> String? {
    if isEmpty { return nil }
    for name in copies {
      if let fault = fault(name, of: "--clone-dest") { return fault }
    }
    return snapshot.flatMap { fault($0, of: "--since") }
  }

  private func fault(_ name: OwnedName, of option: String) -> String? {
    do throws(Errno) {
      _ = try OwnedLocation.status(of: name)
      return nil
    } catch {
      return "\(option) \(Quoting.name(name)): \(errorText(error.rawValue))"
    }
  }

  /// For one operand; nil where nothing was asked for, or nothing of it is there.
  func basis(of pair: OperandPair) -> CopyBasis? {
    if isEmpty { return nil }
    let copies = copies.compactMap { place(of: pair, in: $0) }
    if copies.isEmpty { return nil }
    return CopyBasis(
      copies.map(\.path), snapshot: snapshot.flatMap { place(of: pair, in: $0) }?.path,
      ignoresTimes: ignoresTimes)
  }

  /// What an earlier directory has for an operand.
  private func place(of pair: OperandPair, in root: OwnedName) -> OwnedName? {
    let name: OwnedName
    if pair.directory != nil {
      name = pair.destination
    } else {
      // The root stands for the copy itself, unless that is a file in it.
      if type(of: root) != .directory || type(of: pair.source) == .directory {
        return root
      }
      name = pair.destination.withoutTrailingSlashes.split().last
    }
    let path = OwnedName(root.text + [OwnedName.slash] + name.text)
    return type(of: path) == nil ? nil : path
  }

  private func type(of path: OwnedName) -> FileType? {
    try? OwnedLocation.status(of: path).type
  }
}
