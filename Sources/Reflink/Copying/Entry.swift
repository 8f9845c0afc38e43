import Synchronization
package import SystemPackage

/// An open directory, and the path that leads to it in messages. Whoever works in
/// the directory holds a reference; the last one closes it.
package final class Directory: Sendable {
  let descriptor: Descriptor
  let way: Way
  /// Whether new entries inherit an access control list here; nil when not known.
  let inheritsACL: Bool?
  /// What the first file made here showed; see `CreationHabit`.
  let habit = Mutex(CreationHabit.unknown)
  /// See `CloneRefusal`.
  let refusal = Mutex<CloneRefusal?>(nil)

  /// How a directory is found: a name, in another directory where there is one. Paths are
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

    /// The way of an entry of a directory.
    convenience init(_ place: Location) {
      self.init(place.name.path, in: place.directory.way)
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

  /// As the user would write it; empty for the current directory.
  package var path: FilePath { way.path }

  /// Where paths given by the user start.
  static let current = Directory(.currentDirectory, Way(FilePath(), in: nil))

  /// The directory at a path, to work in but not to list. Throws the system's word for why not.
  package static func open(_ path: OperandPath) throws(Errno) -> Directory {
    do throws(SystemError) {
      let directory = try path.withName { (name) throws(SystemError) in
        try Descriptor.currentDirectory.open(name, [.reference, .directory])
      }
      return Directory(directory, Way(path.display, in: nil))
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

/// A name in an open directory: where something is, or is to be. All work on it is
/// relative to the directory, so that nobody can lead it elsewhere meanwhile.
struct Location: ~Escapable {
  let directory: Directory
  /// One component inside a tree; for an operand the path as given.
  let name: EntryName

  @_lifetime(copy name)
  init(_ directory: Directory, _ name: EntryName) {
    self.directory = directory
    self.name = name
  }

  /// The whole path, made only when somebody is to read it.
  var path: FilePath {
    Directory.Way(self).path
  }

  /// By which it is found now, while a tree that it is in has another name yet.
  var currentPath: FilePath {
    Directory.Way(self).currentPath
  }

  /// The path of the directory that holds the name, relative to `directory`.
  var parent: FilePath {
    let parent = name.path.removingLastComponent()
    return parent.isEmpty ? "." : parent
  }
}

/// A place that may be kept: for work that goes on later.
struct OwnedLocation: Sendable {
  let directory: Directory
  let name: OperandPath

  init(_ place: Location) {
    directory = place.directory
    name = OperandPath(place.name.path)
  }

  init(_ directory: Directory, _ name: FilePath) {
    self.directory = directory
    self.name = OperandPath(name)
  }

  /// What a caller named.
  init(_ path: FilePath) {
    self.init(.current, path)
  }

  /// Lends a source and a destination.
  static func with<Value: ~Copyable, Failure: Error>(
    _ source: OwnedLocation, _ destination: OwnedLocation,
    _ body: (Location, Location) throws(Failure) -> Value
  ) throws(Failure) -> Value {
    try source.name.withName { (from) throws(Failure) in
      try destination.name.withName { (to) throws(Failure) in
        try body(Location(source.directory, from), Location(destination.directory, to))
      }
    }
  }
}

/// Makes system calls; a failure is told with the names that belong to it.
func attempt<Value: ~Copyable>(
  _ operation: ReflinkError.Operation, _ source: Location, _ destination: Location,
  _ body: () throws(SystemError) -> Value
) throws(ReflinkError) -> Value {
  do throws(SystemError) {
    return try body()
  } catch {
    throw error.during(operation, source.path, destination.path)
  }
}
