import Reflink
import SystemPackage

extension TreeCopier {
  /// `--parents`: copies a source to its own path below a directory. The directories on the
  /// way are made like their sources, and get their attributes last.
  mutating func copyWithParents(
    _ source: OwnedName, into directory: Directory, basedOn basis: CopyBasis?
  ) throws(ReflinkError) -> Bool {
    let components = source.components
    do throws(ReflinkError) {
      try examine(source)
    } catch {
      // The first directory that is not there is the one to tell.
      for count in 1..<max(components.count, 1) {
        let path = components.prefix(count).map(\.text).joined(separator: [OwnedName.slash])
        let way = OwnedName(Array(path))
        try examine(wayTo: source.isAbsolute ? way.afterRoot : way)
      }
      throw error
    }
    // With the slashes at its end, which say that a directory is meant.
    let last = source.split().last
    guard !components.isEmpty, !last.isRoot else { return false }
    var way: [DirectoryCopy] = []
    let isCopied: Bool
    do throws(ReflinkError) {
      isCopied = try copy(
        source, components.dropLast(), last, into: directory, &way, basis)
    } catch {
      // What was made is no narrower for it; the failure that led here is the one to tell.
      for directory in ends(of: way, components) { try? directory.finish() }
      throw error
    }
    for directory in ends(of: way, components) { try directory.finish() }
    return isCopied
  }

  /// The directories that get their source's attributes, the innermost first: "." and ".." are
  /// other names of those beside them, and of `directory` itself. None where all were there: as of
  /// cp, such a way stays what it is.
  private func ends(of way: [DirectoryCopy], _ components: [OwnedName]) -> [DirectoryCopy] {
    guard way.contains(where: \.isNew) else { return [] }
    return zip(way, components).filter { $0.1 != .dot && $0.1 != .parent }.map(\.0).reversed()
  }

  /// Makes the way, and copies what is at its end.
  private mutating func copy(
    _ source: OwnedName, _ parents: ArraySlice<OwnedName>, _ last: OwnedName,
    into directory: Directory, _ way: inout [DirectoryCopy], _ basis: CopyBasis?
  ) throws(ReflinkError) -> Bool {
    for (index, component) in parents.enumerated() {
      // The first is relative to the current directory, or to the root.
      let start = index == 0 && source.isAbsolute ? component.afterRoot : component
      way.append(
        try enter(
          try locate(start, in: way.last),
          to: OwnedLocation(way.last?.destination ?? directory, component)))
    }
    let start = way.isEmpty && source.isAbsolute ? last.afterRoot : last
    return try copy(
      try locate(start, in: way.last),
      to: OwnedLocation(way.last?.destination ?? directory, last.withoutTrailingSlashes),
      basedOn: basis)
  }
}

extension TreeCopier {
  private func locate(
    _ component: OwnedName, in parent: DirectoryCopy?
  ) throws(ReflinkError) -> OwnedLocation {
    if let parent { OwnedLocation(parent.source, component) } else { try locate(component) }
  }
}

extension OwnedName {
  fileprivate var components: [OwnedName] {
    text.split(separator: Self.slash).map { OwnedName($0) }
  }

  fileprivate var afterRoot: OwnedName { OwnedName([Self.slash] + text) }
}
