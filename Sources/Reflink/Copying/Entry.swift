import Synchronization
package import SystemPackage

/// An open folder, and the path that leads to it in messages. Whoever works in
/// the folder holds a reference; the last one closes it.
package final class Folder: Sendable {
  let descriptor: Descriptor
  let way: Way
  /// Whether new entries inherit an access control list here; nil when not known.
  let inheritsACL: Bool?
  /// What the first file made here showed; see `CreationHabit`.
  let habit = Mutex(CreationHabit.unknown)
  /// See `CloneRefusal`.
  let refusal = Mutex<CloneRefusal?>(nil)

  /// How a folder is found: a name, in another folder where there is one. Paths are
  /// put together only when somebody is to read them; in a deep tree they are long.
  final class Way: Sendable {
    let outer: Way?
    private let name: FilePath
    /// The name it has until it is published, where that is another.
    private let temporaryName: FilePath?

    init(_ name: FilePath, in outer: Way?, temporaryName: FilePath? = nil) {
      self.name = name
      self.outer = outer
      self.temporaryName = temporaryName
    }

    /// The way of an entry of a folder.
    convenience init(_ place: Place) {
      self.init(place.name.path, in: place.folder.way)
    }

    /// As the caller knows it.
    var path: FilePath { path(\.name) }

    /// By which it is found now.
    var currentPath: FilePath { path { $0.temporaryName ?? $0.name } }

    private func path(_ name: (Way) -> FilePath) -> FilePath {
      var names: [FilePath] = []
      var next: Way? = self
      while let way = next {
        names.append(name(way))
        next = way.outer
      }
      var path = FilePath()
      for name in names.reversed() { path.append(name.components, after: name.root) }
      return path
    }
  }

  init(_ descriptor: consuming Descriptor, _ way: Way, inheritsACL: Bool? = nil) {
    self.descriptor = descriptor
    self.way = way
    self.inheritsACL = inheritsACL
  }

  /// As the user would write it; empty for the current folder.
  package var path: FilePath { way.path }

  /// Where paths given by the user start.
  static let current = Folder(.currentFolder, Way(FilePath(), in: nil))

  /// The folder at a path, to work in but not to list. Throws the system's word for why not.
  package static func open(_ path: OperandPath) throws(Errno) -> Folder {
    do throws(SystemError) {
      let folder = try path.withName { (name) throws(SystemError) in
        try Descriptor.currentFolder.open(name, [.reference, .folder])
      }
      return Folder(folder, Way(path.display, in: nil))
    } catch {
      throw error.errno
    }
  }
}

extension FilePath {
  /// A root counts only where there is nothing before it.
  fileprivate mutating func append(_ components: ComponentView, after root: Root?) {
    if isEmpty { self = FilePath(root: root, components) } else { append(components) }
  }
}

/// A name in an open folder: where something is, or is to be. All work on it is
/// relative to the folder, so that nobody can lead it elsewhere meanwhile.
struct Place: ~Escapable {
  let folder: Folder
  /// One component inside a tree; for an operand the path as given.
  let name: EntryName

  @_lifetime(copy name)
  init(_ folder: Folder, _ name: EntryName) {
    self.folder = folder
    self.name = name
  }

  /// The whole path, made only when somebody is to read it.
  var path: FilePath {
    Folder.Way(self).path
  }

  /// By which it is found now, while a tree that it is in has another name yet.
  var currentPath: FilePath {
    Folder.Way(self).currentPath
  }

  /// The path of the folder that holds the name, relative to `folder`.
  var parent: FilePath {
    let parent = name.path.removingLastComponent()
    return parent.isEmpty ? "." : parent
  }
}

/// A place that may be kept: for work that goes on later.
struct KeptPlace: Sendable {
  let folder: Folder
  let name: OperandPath

  init(_ place: Place) {
    folder = place.folder
    name = OperandPath(place.name.path)
  }

  init(_ folder: Folder, _ name: FilePath) {
    self.folder = folder
    self.name = OperandPath(name)
  }

  /// What a caller named.
  init(_ path: FilePath) {
    self.init(.current, path)
  }

  /// Lends a source and a destination.
  static func with<Value: ~Copyable, Failure: Error>(
    _ source: KeptPlace, _ destination: KeptPlace,
    _ body: (Place, Place) throws(Failure) -> Value
  ) throws(Failure) -> Value {
    try source.name.withName { (from) throws(Failure) in
      try destination.name.withName { (to) throws(Failure) in
        try body(Place(source.folder, from), Place(destination.folder, to))
      }
    }
  }
}

/// Makes system calls; a failure is told with the names that belong to it.
func attempt<Value: ~Copyable>(
  _ operation: ReflinkError.Operation, _ source: Place, _ destination: Place,
  _ body: () throws(SystemError) -> Value
) throws(ReflinkError) -> Value {
  do throws(SystemError) {
    return try body()
  } catch {
    throw error.during(operation, source.path, destination.path)
  }
}
