import Reflink
import SystemPackage

extension TreeCopier {
  /// `--parents`: copies a source to its own path below a folder. The folders on the
  /// way are made like their sources, and get their attributes last.
  mutating func copyWithParents(
    _ source: OperandPath, into folder: Folder?
  ) throws(ReflinkError) {
    try examine(source)
    let components = source.components
    guard let last = components.last else { return }
    var way: [FolderCopy] = []
    do throws(ReflinkError) {
      try copy(source, components.dropLast(), last, into: folder, &way)
    } catch {
      // What was made is no narrower for it; the failure that led here is the one to tell.
      for folder in way.reversed() { try? folder.finish() }
      throw error
    }
    for folder in way.reversed() { try folder.finish() }
  }

  /// Makes the way, and copies what is at its end.
  private mutating func copy(
    _ source: OperandPath, _ parents: ArraySlice<OperandPath>, _ last: OperandPath,
    into folder: Folder?, _ way: inout [FolderCopy]
  ) throws(ReflinkError) {
    for (index, component) in parents.enumerated() {
      // The first is relative to the current folder, or to the root.
      let start = index == 0 && source.isAbsolute ? component.afterRoot : component
      way.append(
        try enter(
          start, from: way.last?.source, to: component, in: way.last?.destination ?? folder))
    }
    let start = way.isEmpty && source.isAbsolute ? last.afterRoot : last
    try copy(start, from: way.last?.source, to: last, in: way.last?.destination ?? folder)
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
