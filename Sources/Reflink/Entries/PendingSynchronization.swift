import Synchronization
import SystemPackage

/// What is still to be written out before a copy may say that it is durable.
final class PendingSynchronization: Sendable {
  private struct State {
    /// That got names of what was named in the call, each once.
    var directories: [ObjectIdentifier: Directory] = [:]
    /// One directory of each file system that took files.
    var fileSystems: [DeviceID: Directory] = [:]
  }
  private let state = Mutex(State())
  private let durability: CopyOptions.Durability

  init?(_ durability: CopyOptions.Durability) {
    if durability == .none { return nil }
    self.durability = durability
  }

  /// A directory got a name.
  func named(in directory: Directory) {
    state.withLock { $0.directories[ObjectIdentifier(directory)] = directory }
  }

  /// A directory that was there was entered: perhaps it is on a file system of its own.
  func entered(_ directory: Directory) throws(SystemError) {
    guard durability == .fileSystem else { return }
    let device = try directory.descriptor.status().identity.device
    state.withLock { state in
      if state.fileSystems[device] == nil { state.fileSystems[device] = directory }
    }
  }

  /// Writes out what is left where that keeps many directories open.
  func finishIfMany() throws(ReflinkError) {
    if state.withLock({ $0.directories.count }) >= 32 { try finish() }
  }

  /// Writes out what is left.
  func finish() throws(ReflinkError) {
    let (directories, fileSystems) = state.withLock { state in
      defer { state = State() }
      return (Array(state.directories.values), Array(state.fileSystems.values))
    }
    switch durability {
    case .none: break
    case .files:
      for directory in directories {
        try Self.write(directory) { (directory) throws(SystemError) in try directory.synchronize() }
      }
    case .fileSystem:
      var seen: Set<DeviceID> = []
      for directory in fileSystems + directories {
        try Self.write(directory) { (directory) throws(SystemError) in
          guard seen.insert(try directory.descriptor.status().identity.device).inserted else {
            return
          }
          try directory.synchronizeFileSystem()
        }
      }
    }
  }

  private static func write(
    _ directory: Directory, _ body: (Directory) throws(SystemError) -> Void
  ) throws(ReflinkError) {
    do throws(SystemError) {
      try body(directory)
    } catch {
      let given = directory.path.path
      let path = given.isEmpty ? "." : given
      throw error.during(.synchronize, path, path)
    }
  }
}

extension EntryCopier {
  /// Writes out a file that has all its data and attributes, where that comes before its name.
  func synchronize(
    _ file: borrowing Descriptor, _ type: FileType, _ name: NameTransaction?,
    _ destination: Location
  ) throws(SystemError) {
    guard options.durability != .none, type == .regular || type == .blockSpecial else { return }
    if name == nil, type == .regular, try isElsewhere(file, than: destination) {
      // The directory that has its name is on another file system, perhaps.
      return try file.synchronizeFileSystem()
    }
    if options.durability == .files || type == .blockSpecial { return try file.synchronize() }
    // What has its name already is not waited for: the end of the copy is early enough.
    if let name, name.state != .named { try file.synchronize() }
  }

  /// Whether a file was reached through a link, or is mounted over its name.
  private func isElsewhere(
    _ file: borrowing Descriptor, than destination: Location
  ) throws(SystemError) -> Bool {
    guard let there = try destination.statusIfPresent() else { return false }
    let parent = try destination.directory.descriptor.status()
    return try file.status().identity != there.identity
      || there.identity.device != parent.identity.device
  }
}
