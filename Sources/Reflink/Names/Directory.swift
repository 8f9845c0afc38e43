import Synchronization
package import SystemPackage

/// An open directory, and the path that leads to it in messages. Whoever works in the
/// directory holds a reference; the last one closes it.
package final class Directory: Sendable {
  let descriptor: Descriptor
  let path: DirectoryPath
  /// What is known of a directory of a tree that is being copied; nil for one that only
  /// holds what a caller named.
  let observed: ObservedDirectory?
  /// An ancestor that stays open as long as this one is referred to, from which it is found
  /// again by its path; nil where it stays open itself.
  let base: Directory?

  init(
    _ descriptor: consuming Descriptor, _ path: DirectoryPath,
    observed: ObservedDirectory? = nil, base: Directory? = nil
  ) {
    self.descriptor = descriptor
    self.path = path
    self.observed = observed
    self.base = base
  }

  /// Its path byte for byte as it was given.
  package var givenPath: OwnedName { path.bytes(appending: OwnedName("")) }

  /// Whether new entries inherit an access control list here; asked for where it is not known.
  var givesACL: Bool {
    if let observed { return observed.inheritsACL }
    do throws(SystemError) {
      return try open(.dot, .directory).attributeNames().contains(.defaultACL)
    } catch {
      return error.errno != .notSupported
    }
  }

  /// What came of opening a directory.
  package enum Opened {
    case directory(Directory)
    /// The errno of openat(2).
    case failed(Errno)
  }

  /// A directory that a caller named: to work in, not to list. Its failure is as likely as
  /// its success, and is no error: throwing one costs a small copy's start.
  package static func open(_ path: OwnedName) -> Opened {
    let (descriptor, errno) = path.with { name in
      Descriptor.currentDirectory.openNumber(name, [.reference, .directory])
    }
    if let errno { return .failed(errno) }
    return .directory(Directory(Descriptor(owning: descriptor), DirectoryPath(path)))
  }

  /// openat(2) of a name here.
  func open(_ name: OwnedName, _ flags: OpenFlags) throws(SystemError) -> Descriptor {
    try name.with { (name) throws(SystemError) in try descriptor.open(name, flags) }
  }

  /// Throws where what was just made here, and opened by its name, is another's, or older than the
  /// copy, which began at `begun` (in seconds since 1970): another thing has its name by now, and its
  /// attributes are not ours to change.
  func requireJustMade(_ made: FileRights, since begun: Int64) throws(SystemError) {
    // File systems have times of a clock that may be some milliseconds late, and that may have been
    // set back meanwhile.
    let isNew = made.created >= min(begun, wallClockSeconds()) - 1
    // The second is what fakeroot answers, as it answers for the owner.
    if isNew, made.owner == FileCredentials.current.user || made.owner == effectiveUser() { return }
    // A server, a daemon or a mount option may give what is made to another.
    guard try descriptor.fileSystemType()?.givesFilesToTheirMakers ?? false else { return }
    throw SystemError(call: .open, errno: .fileExists)
  }

  /// Opens a directory of a tree again, from the base and name by name: no link is
  /// followed on the way, and no path has a length that matters.
  static func reopen(
    _ path: DirectoryPath, from base: Directory, _ flags: OpenFlags
  ) throws(SystemError) -> Descriptor {
    var names: [OwnedName] = []
    var next: DirectoryPath? = path
    while let directory = next, directory !== base.path {
      names.append(directory.currentName)
      next = directory.outer
    }
    var opened = try Descriptor(duplicating: base.descriptor.number)
    for (index, name) in names.reversed().enumerated() {
      let isLast = index == names.count - 1
      opened = try name.with { (name) throws(SystemError) in
        try opened.open(
          name, isLast ? flags.union(.directory) : [.reference, .directory, .noFollow])
      }
    }
    return opened
  }
}

/// How a directory is found: a name, in another directory where there is one. Paths are put
/// together only when somebody is to read them; in a deep tree they are long.
package final class DirectoryPath: Sendable {
  let outer: DirectoryPath?
  /// As the caller knows it. Of the outermost one it is a path as it was given, up to and
  /// with its last slash; empty for the current directory.
  let name: OwnedName
  /// The name it has until it is published, where that is another.
  private let temporaryName: OwnedName?

  init(_ name: OwnedName, in outer: DirectoryPath? = nil, temporaryName: OwnedName? = nil) {
    // Slashes at the end of an operand say that it is a directory; inside a path they say nothing.
    self.name = outer == nil ? name : name.withoutTrailingSlashes
    self.outer = outer
    self.temporaryName = temporaryName
  }

  /// By which it is found now.
  var currentName: OwnedName { temporaryName ?? name }

  /// The path of an entry (or, with an empty name, of the directory itself), byte for byte.
  func bytes(appending last: OwnedName) -> OwnedName {
    var names = [last]
    var next: DirectoryPath? = self
    while let directory = next {
      names.append(directory.name)
      next = directory.outer
    }
    var text: [CChar] = []
    for name in names.reversed() where !name.isEmpty {
      if text.isEmpty || name.isAbsolute {
        text = name.text
      } else {
        if text.last != OwnedName.slash { text.append(OwnedName.slash) }
        text += name.text
      }
    }
    return OwnedName(text)
  }

  /// For errors and outcomes.
  var path: FilePath { bytes(appending: OwnedName("")).path }
}

/// What a copy learns about a directory of a tree from the files it makes there.
final class ObservedDirectory: Sendable {
  /// Whether new entries inherit an access control list here.
  let inheritsACL: Bool
  /// Whether it was made for what is copied into it.
  let isNew: Bool
  private let state = Mutex(State())

  private struct State {
    var owner: UserID?
    var group: GroupID?
    var refusal: (device: DeviceID, cause: FallbackCause)?
  }

  init(inheritsACL: Bool, isNew: Bool) {
    self.inheritsACL = inheritsACL
    self.isNew = isNew
  }

  /// Whether the last file that was made here has the same owner and group as `source`.
  func givesOwner(of source: FileStatus) -> Bool {
    state.withLock { $0.owner == source.owner && $0.group == source.group }
  }

  /// Notes the owner and the group (the creator's, or the directory's) of a file made here.
  func observe(owner: UserID, group: GroupID) {
    state.withLock { state in
      state.owner = owner
      state.group = group
    }
  }

  /// Why files of the source's device are not cloned into this directory: a refusal that lies
  /// in the two file systems, and will be the same for the next file.
  func cloneRefusal(from source: FileStatus) -> FallbackCause? {
    state.withLock { state in
      state.refusal?.device == source.identity.device ? state.refusal?.cause : nil
    }
  }

  func noteCloneRefusal(_ cause: FallbackCause, from source: FileStatus) {
    guard cause == .notSupported || cause == .otherFileSystem else { return }
    state.withLock { $0.refusal = (source.identity.device, cause) }
  }
}
