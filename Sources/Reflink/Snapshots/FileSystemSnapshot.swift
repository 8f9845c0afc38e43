import SystemPackage

/// A snapshot that the file system makes by itself: of a file on OCFS2, and of a Btrfs
/// subvolume where that was asked for. The outcome says whether it was made so.
struct FileSystemSnapshot: ~Copyable, Operation {
  private let source: FilePath
  private let destination: FilePath
  private let preserving: SnapshotPreservation
  private let method: SnapshotMethod
  private let controller: CopyController?
  private(set) var outcome = false

  init(
    _ source: FilePath, _ destination: FilePath, _ preserving: SnapshotPreservation,
    _ method: SnapshotMethod, _ controller: CopyController?
  ) {
    self.controller = controller
    self.source = source
    self.destination = destination
    self.preserving = preserving
    self.method = method
  }

  mutating func resume(_ turn: WorkerTurn?) throws(ReflinkError) -> Turn {
    do throws(SystemError) {
      if let controller, controller.isCancelled {
        throw SystemError(call: .statx, errno: .canceled)
      }
      switch method {
      // Without its preserve flag OCFS2_IOC_REFLINK changes the owner and keeps set-id bits and
      // extended attributes (measured on Linux 6.1), which is not what nothing means.
      case .clones: outcome = preserving == .everything ? try reflinkOnOCFS2() : false
      case .subvolume(let readOnly):
        try snapshotSubvolume(readOnly: readOnly)
        outcome = true
      }
      return .finished
    } catch {
      let operation: ReflinkError.Operation =
        switch error.call {
        case .reflink, .subvolume: .snapshot
        default: .prepare
        }
      var failure = error.during(operation, source, destination)
      if error.call == .subvolume,
        error.errno == .invalidArgument || error.errno == .inappropriateIOCTLForDevice
      {
        failure.code = .notSupported(.notSubvolume)
      }
      throw failure
    }
  }

  private func reflinkOnOCFS2() throws(SystemError) -> Bool {
    try source.withName { (name) throws(SystemError) in
      // By reference: opening a FIFO or a device does something. Where it cannot be opened,
      // whoever clones it says why.
      guard let reference = try? Descriptor.currentDirectory.open(name, [.reference, .noFollow]),
        try reference.fileSystemType() == .ocfs2, try reference.status().type == .regular
      else { return false }
      let file = try reference.reopen()
      return try destination.withName { (new) throws(SystemError) in
        // It writes a line to the kernel's log for each name that is taken.
        let here = Descriptor.currentDirectory
        if try here.statusIfPresent(of: new, follow: false) != nil { return false }
        do throws(SystemError) {
          try file.reflink(name, to: new)
          return true
        } catch {
          // Made without refcount: whoever clones it tells what else may be wrong.
          guard error.errno == .notSupported else { throw error }
          return false
        }
      }
    }
  }

  private func snapshotSubvolume(readOnly: Bool) throws(SystemError) {
    guard preserving == .everything else {
      throw SystemError(call: .statx, errno: .invalidArgument)
    }
    let subvolume = try source.withName { (name) throws(SystemError) in
      try Descriptor.currentDirectory.open(name, [.directory, .noFollow])
    }
    try destination.withName { (new) throws(SystemError) in
      let directory = try Location(.current, new).parent.withName { (name) throws(SystemError) in
        try Descriptor.currentDirectory.open(name, .directory)
      }
      guard let last = destination.lastComponent else {
        throw SystemError(call: .subvolume, errno: .fileExists)
      }
      // The other file system only says that it knows no such call.
      if try subvolume.fileSystemType() == .btrfs, try directory.fileSystemType() != .btrfs {
        throw SystemError(call: .subvolume, errno: .improperLink)
      }
      try FilePath(root: nil, [last]).withName { (name) throws(SystemError) in
        try directory.snapshot(of: subvolume, as: name, readOnly: readOnly)
      }
    }
  }
}
