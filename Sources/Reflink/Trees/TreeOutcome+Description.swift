extension TreeOutcome: CustomStringConvertible {
  /// What a person wants to know: "20 files, 3 directories, 1048576 bytes cloned, 2 skipped".
  public var description: String {
    let counts = [
      (files, "files"), (directories, "directories"), (hardLinks, "hard links"),
      (symbolicLinks, "symbolic links"), (specialFiles, "special files"),
    ].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
    let bytes = [
      (cloned, "cloned"), (offloaded, "offloaded"), (copied, "copied"), (holes, "of holes"),
    ].filter { $0.0 > 0 }.map { "\($0.0) bytes \($0.1)" }
    let rest = [
      (skipped, "skipped"), (keptDifferent, "of them newer and different"),
      (excluded, "excluded"), (failures, "failed"),
    ].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
    let all = counts + bytes + rest
    return all.isEmpty ? "nothing" : all.joined(separator: ", ")
  }
}
