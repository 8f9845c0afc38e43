import SystemPackage

/// A snapshot that the file system makes by itself: of a file on OCFS2, and of a Btrfs
/// subvolume where that was asked for. The outcome says whether it was made so.
struct FileSystemSnapshot: ~Copyable, Operation {
  private let source: OwnedLocation
  private let destination: OwnedLocation
  private let preserving: SnapshotPreservation
  private let method: SnapshotMethod
  private let activity: Activity?
  private(set) var outcome = false

  init(
    _ source: OwnedLocation, _ destination: OwnedLocation, _ preserving: SnapshotPreservation,
    _ method: SnapshotMethod, _ activity: Activity?
  ) {
    self.activity = activity
    self.source = source
    self.destination = destination
    self.preserving = preserving
    self.method = method
  }

  mutating func resume(_ turn: WorkerTurn?) throws(ReflinkError) -> Turn {
    do throws(SystemError) {
      if let activity, activity.isCancelled {
        throw SystemError(call: .statx, errno: .canceled)
      }
      outcome = try OwnedLocation.with(source, destination) { (from, to) throws(SystemError) in
        switch method {
        // Without its preserve flag OCFS2_IOC_REFLINK changes the owner and keeps set-id bits and
        // extended attributes (measured on Linux 6.1), which is not what nothing means.
        case .clones: return preserving == .everything ? try reflinkOnOCFS2(from, to) : false
        case .subvolume(let readOnly):
          try snapshotSubvolume(from, to, readOnly: readOnly)
          return true
        }
      }
      return .finished
    } catch {
      let operation: ReflinkError.Operation =
        switch error.call {
        case .reflink, .subvolume: .snapshot
        default: .prepare
        }
      var failure = error.during(operation, source.path, destination.path)
      if error.call == .subvolume,
        error.errno == .invalidArgument || error.errno == .inappropriateIOCTLForDevice
      {
        failure.code = .notSupported(.notSubvolume)
      }
      throw failure
    }
  }

  private func reflinkOnOCFS2(
    _ source: Location, _ destination: Location
  ) throws(SystemError) -> Bool {
    // By reference: opening a FIFO or a device does something. Where it cannot be opened,
    // whoever clones it says why.
    guard let reference = try? source.open([.reference, .noFollow]),
      try reference.fileSystemType() == .ocfs2, try reference.status().type == .regular
    else { return false }
    // It writes a line to the kernel's log for each name that is taken.
    if try destination.statusIfPresent() != nil { return false }
    let file = try reference.reopen()
    let (old, new) = (pathForCall(source), pathForCall(destination))
    do throws(SystemError) {
      try old.with { (old) throws(SystemError) in
        try new.with { (new) throws(SystemError) in try file.reflink(old, to: new) }
      }
      return true
    } catch {
      // Made without refcount: whoever clones it tells what else may be wrong.
      guard error.errno == .notSupported else { throw error }
      return false
    }
  }

  /// The call takes paths alone: by the open directories, whatever the current one is. It does not follow a link
  /// in the last place, and the entry of a descriptor in /proc is one.
  @inline(never)
  private func pathForCall(_ location: Location) -> OwnedName {
    OwnedName(
      OwnedName("/proc/thread-self/fd/\(location.directory.descriptor.number)/").text
        + OwnedName(location.name).text)
  }

  private func snapshotSubvolume(
    _ source: Location, _ destination: Location, readOnly: Bool
  ) throws(SystemError) {
    guard preserving == .everything else {
      throw SystemError(call: .statx, errno: .invalidArgument)
    }
    let subvolume = try source.open([.directory, .noFollow])
    // The call wants more than a reference.
    let parent = try destination.directory.open(.dot, .directory)
    // The other file system only says that it knows no such call.
    if try subvolume.fileSystemType() == .btrfs, try parent.fileSystemType() != .btrfs {
      throw SystemError(call: .subvolume, errno: .improperLink)
    }
    try parent.snapshot(of: subvolume, as: destination.name, readOnly: readOnly)
  }
}
