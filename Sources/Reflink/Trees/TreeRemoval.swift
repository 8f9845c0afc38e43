import Synchronization
import SystemPackage

/// Removes a tree that was made and is not to stay, however deep it is and whatever rights
/// it has, with two descriptors: what is inside a subdirectory of the outermost directory
/// moves up into that before the subdirectory goes. The outermost one has been open since
/// it was made: what may have its name by now is not touched.
final class TreeRemoval: Sendable {
  private let root: Directory
  private let publication: DirectoryPublication
  private let state = Mutex(State())

  private struct State: ~Copyable {
    /// The outermost directory, opened again to be listed: Btrfs lists what was there when a
    /// directory was opened. Nil before it is read from its beginning.
    var listing: Descriptor?
    var child: Child?
    var names = NameBuffer()
    var isBegun = false
    /// Since the directory was read from its beginning.
    var foundAny = false
    var leftover: FilePath?
  }

  private final class Child: Sendable {
    let descriptor: Descriptor
    let name: OwnedName

    init(_ descriptor: consuming Descriptor, _ name: OwnedName) {
      self.descriptor = descriptor
      self.name = name
    }
  }

  init(_ root: Directory, _ publication: DirectoryPublication) {
    self.root = root
    self.publication = publication
  }

  /// Where the tree still is, once `resume` said that it is finished.
  var leftover: FilePath? { state.withLock { $0.leftover } }

  /// Goes on as far as the turn goes, without one to the end. True at the end.
  func resume(_ turn: WorkerTurn?) -> Bool {
    state.withLock { state in
      do throws(SystemError) {
        while try step(&state) {
          if let turn, turn.isOver { return false }
        }
        state.leftover = publication.discard(root.descriptor)
      } catch {
        state.leftover = publication.currentPath
      }
      return true
    }
  }

  /// One reading's worth. False once the outermost directory is empty.
  private func step(_ state: inout State) throws(SystemError) -> Bool {
    if !state.isBegun {
      state.isBegun = true
      if !isPrivileged() { try root.descriptor.setMode(.ownerReadWriteExecute) }
    }
    if let child = state.child {
      try empty(child, &state)
      return true
    }
    let listing: Descriptor
    if let opened = state.listing.take() {
      listing = opened
    } else {
      listing = try root.open(.dot, .directory)
    }
    guard try state.names.fill(from: listing) else {
      // Read again after changes: what is changed while a directory is read may be missed.
      defer { state.foundAny = false }
      return state.foundAny
    }
    state.listing = consume listing
    while state.child == nil, state.names.advance() {
      state.foundAny = true
      if try Self.remove(state.names.name, in: root.descriptor) { continue }
      state.child = Child(
        try Self.open(state.names.name, in: root.descriptor), OwnedName(state.names.name))
    }
    return true
  }

  /// The same in a subdirectory of the outermost one.
  private func empty(_ child: Child, _ state: inout State) throws(SystemError) {
    guard try state.names.fill(from: child.descriptor) else {
      // Once more, opened again.
      state.child = nil
      if state.foundAny {
        state.foundAny = false
        state.child = try child.name.with { (name) throws(SystemError) in
          Child(try Self.open(name, in: root.descriptor), child.name)
        }
      } else {
        try child.name.with { (name) throws(SystemError) in
          try root.descriptor.remove(name, isDirectory: true)
        }
        state.foundAny = true
      }
      return
    }
    while state.names.advance() {
      state.foundAny = true
      if try Self.remove(state.names.name, in: child.descriptor) { continue }
      // Moving it changes its "..", which takes the right to write to it.
      _ = try Self.open(state.names.name, in: child.descriptor)
      try OwnedName.temporary().with { (new) throws(SystemError) in
        try child.descriptor.rename(
          state.names.name, to: new, in: root.descriptor, replacing: false)
      }
    }
  }

  /// Removes an entry; false for a directory that is not empty.
  private static func remove(
    _ name: Name, in directory: borrowing Descriptor
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
    _ name: Name, in directory: borrowing Descriptor
  ) throws(SystemError) -> Descriptor {
    if !isPrivileged() {
      try directory.open(name, [.reference, .directory, .noFollow])
        .setMode(.ownerReadWriteExecute)
    }
    return try directory.open(name, [.directory, .noFollow])
  }
}
