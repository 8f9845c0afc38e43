import SystemPackage

/// Where a tree is that has not got its name yet.
struct TemporaryTree: Sendable {
  /// The directory that the paths start from.
  let directory: Directory
  let path: FilePath

  var displayPath: FilePath { path.withName { Location(directory, $0).path } }
}

/// Removes a tree that was made and is not to stay, however deep it is and whatever
/// rights it has, with two descriptors: what is inside a subdirectory of the outermost
/// directory moves up into that before the subdirectory goes.
struct TreeRemoval: ~Copyable, Operation {
  private let tree: TemporaryTree
  private let root: Descriptor
  private var child: Child?
  private var names = DirectoryBatch()
  /// Since the directory was read from its beginning.
  private var foundAny = false

  private final class Child: Sendable {
    let descriptor: Descriptor
    let name: OperandPath

    init(_ descriptor: consuming Descriptor, _ name: OperandPath) {
      self.descriptor = descriptor
      self.name = name
    }
  }

  init(_ tree: TemporaryTree) throws(ReflinkError) {
    self.tree = tree
    do throws(SystemError) {
      root = try tree.path.withName { (name) throws(SystemError) in
        try Self.open(name, in: tree.directory.descriptor)
      }
    } catch {
      throw error.during(.remove, tree.path)
    }
  }

  var outcome: Void { () }

  mutating func resume(_ turn: WorkerTurn?) throws(ReflinkError) -> Turn {
    do throws(SystemError) {
      while try step() {
        if let turn, turn.isFinished { return .spent }
      }
      return .finished
    } catch {
      throw error.during(.remove, tree.path)
    }
  }

  /// One reading's worth. False at the end.
  private mutating func step() throws(SystemError) -> Bool {
    if let child {
      try empty(child)
      return true
    }
    guard try names.fill(from: root) else {
      // Read again after changes: what is changed while a directory is read may be missed.
      if foundAny {
        foundAny = false
        try root.setDirectoryOffset(0)
      } else {
        try tree.path.withName { (name) throws(SystemError) in
          try tree.directory.descriptor.remove(name, isDirectory: true)
        }
        return false
      }
      return true
    }
    while child == nil, names.advance() {
      foundAny = true
      if try Self.remove(names.name, in: root) { continue }
      child = Child(try Self.open(names.name, in: root), OperandPath(names.name.path))
    }
    return true
  }

  /// The same in a subdirectory of the outermost one.
  private mutating func empty(_ child: Child) throws(SystemError) {
    guard try names.fill(from: child.descriptor) else {
      if foundAny {
        foundAny = false
        try child.descriptor.setDirectoryOffset(0)
      } else {
        try child.name.withName { (name) throws(SystemError) in
          try root.remove(name, isDirectory: true)
        }
        self.child = nil
        foundAny = true
      }
      return
    }
    while names.advance() {
      foundAny = true
      if try Self.remove(names.name, in: child.descriptor) { continue }
      // Moving it changes its "..", which takes the right to write to it.
      _ = try Self.open(names.name, in: child.descriptor)
      try FilePath.temporaryName().withName { (new) throws(SystemError) in
        try child.descriptor.rename(names.name, to: new, in: root, replacing: false)
      }
    }
  }

  /// Removes an entry; false for a directory that is not empty.
  private static func remove(
    _ name: EntryName, in directory: borrowing Descriptor
  ) throws(SystemError) -> Bool {
    do throws(SystemError) {
      try directory.remove(name)
      return true
    } catch {
      guard error.errno == .isDirectory || error.errno == .notPermitted else { throw error }
    }
    do throws(SystemError) {
      try directory.remove(name, isDirectory: true)
      return true
    } catch {
      guard error.errno == .directoryNotEmpty || error.errno == .fileExists else { throw error }
      return false
    }
  }

  /// Opens a directory of ours, and lets its owner write to it.
  private static func open(
    _ name: EntryName, in directory: borrowing Descriptor
  ) throws(SystemError) -> Descriptor {
    if !isPrivileged() {
      try directory.open(name, [.reference, .directory, .noFollow]).setMode(.ownerReadWriteExecute)
    }
    return try directory.open(name, [.directory, .noFollow])
  }
}
