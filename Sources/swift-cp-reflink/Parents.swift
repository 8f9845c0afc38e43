import Reflink
import SystemPackage

extension TreeCopier {
  /// `--parents`: copies a source to its own path below a directory. The directories on the
  /// way are made like their sources, and get their attributes last.
  mutating func copyWithParents(
    _ source: OperandPath, into directory: Directory?
  ) throws(ReflinkError) {
    try examine(source)
    let components = source.components
    guard let last = components.last else { return }
    var way: [DirectoryCopy] = []
    do throws(ReflinkError) {
      try copy(source, components.dropLast(), last, into: directory, &way)
    } catch {
      // What was made is no narrower for it; the failure that led here is the one to tell.
      for directory in way.reversed() { try? directory.finish() }
      throw error
    }
    for directory in way.reversed() { try directory.finish() }
  }

  /// Makes the way, and copies what is at its end.
  private mutating func copy(
    _ source: OperandPath, _ parents: ArraySlice<OperandPath>, _ last: OperandPath,
    into directory: Directory?, _ way: inout [DirectoryCopy]
  ) throws(ReflinkError) {
    for (index, component) in parents.enumerated() {
      // The first is relative to the current directory, or to the root.
      let start = index == 0 && source.isAbsolute ? component.afterRoot : component
      way.append(
        try enter(
          start, from: way.last?.source, to: component, in: way.last?.destination ?? directory))
    }
    let start = way.isEmpty && source.isAbsolute ? last.afterRoot : last
    try copy(start, from: way.last?.source, to: last, in: way.last?.destination ?? directory)
  }
}

extension OperandPath {
  private static var slash: CChar { 0x2F }

  var isAbsolute: Bool { bytes.first == Self.slash }

  fileprivate var components: [OperandPath] {
    bytes.dropLast().split(separator: Self.slash).map { OperandPath(bytes: Array($0) + [0]) }
  }

  fileprivate var afterRoot: OperandPath { OperandPath(bytes: [Self.slash] + bytes) }
}
