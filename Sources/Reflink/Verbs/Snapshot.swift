public import SystemPackage

/// Makes a snapshot of a file, or of a directory with all that is in it: a new name whose data is
/// shared with the source, complete or not there at all.
///
/// This is the reflink(2) call as it was proposed in 2009, with its rules: the new name must not
/// exist, it is on the same file system, symbolic links are not followed, and what is preserved is
/// said, never chosen by privilege. On OCFS2 a file of which everything is preserved goes by that
/// file system's own OCFS2_IOC_REFLINK. Elsewhere it is cloned by FICLONE into a file without a
/// name (O_TMPFILE), which is linked once it has its attributes; where there are no such files
/// (FUSE, NFS), into one with another name. A directory is made under another name and renamed by
/// RENAME_NOREPLACE, and refused at once where the file system does not know that (FUSE, NFS,
/// OCFS2). Other names begin with `.reflink-`, and stay only where the process was killed.
///
/// One file is as of one moment. Of a directory, each file is as of a moment of its own, unless
/// `method` is a subvolume's.
///
/// - Parameters:
///   - source: A regular file, or a directory.
///   - name: The new name.
///   - preserving: Everything or nothing; of a subvolume, everything.
///   - method: How a directory's snapshot is made.
///   - controller: Cancels, and tells how far it is.
/// - Returns: How it was made, and what there was.
/// - Throws: `ReflinkError`: `exists`, `crossDevice`, `notSupported` (with EPERM for what is
///   neither a regular file nor a directory), `permissionDenied` where something cannot be
///   preserved, `invalidArgument` for nothing of a subvolume. Nothing was made then.
public func snapshot(
  _ source: FilePath, as name: FilePath, preserving: SnapshotPreservation = .everything,
  method: SnapshotMethod = .clones, controller: CopyController? = nil
) async throws(ReflinkError) -> SnapshotOutcome {
  // One call to whoever watches, although it may take two steps.
  let call = controller?.begin()
  defer { if let call { controller?.end(call) } }
  let pair = try OperandPair.snapshot(source, name, preserving)
  let isMade = try await runAsync(controller, source, pair) { pair, activity in
    FileSystemSnapshot(pair.source, pair.destination, preserving, method, activity)
  }
  if isMade { return .fileSystem }
  return .clones(
    try await CopyRequest.runAsync(controller, source, .snapshot(pair, preserving)).account)
}

/// Makes a snapshot of an open file under a new name.
///
/// - Parameters:
///   - source: A regular file, open for reading. The caller's, who may close it after this.
///   - name: The new name, on the same file system.
///   - preserving: Everything or nothing.
///   - controller: Cancels, and tells how far it is.
/// - Returns: How it was made.
/// - Throws: `ReflinkError`, as for paths. Nothing was made then.
public func snapshot(
  _ source: FileDescriptor, as name: FilePath, preserving: SnapshotPreservation = .everything,
  controller: CopyController? = nil
) async throws(ReflinkError) -> SnapshotOutcome {
  .clones(
    try await CopyRequest.runAsync(
      controller, Operand.OpenFile.path(of: source), try .snapshot(source, name, preserving)
    ).account)
}

/// Makes snapshots of several files as of one moment, while a lock is held: all of them, or none.
///
/// First all sources are opened, and all copies made, without names. Then `lock` is called with a
/// function that clones, one FICLONE for each file; whoever writes to the files is to be kept out as
/// long as that runs, and not longer. Then the clones get their attributes and, one after the other,
/// their names. Where one of them fails, none is left. (A process that is killed while names are
/// given leaves some.)
///
/// ```swift
/// try await snapshot(["app.db", "app.db-wal"], as: ["copy.db", "copy.db-wal"]) { clone in
///   await gate.holding { await clone() }
/// }
/// ```
///
/// - Parameters:
///   - sources: Regular files, of one file system.
///   - names: Their new names, as many.
///   - preserving: Everything or nothing.
///   - controller: Cancels, and tells how far it is.
///   - lock: Takes whatever keeps writers out, calls the function that it is given, once, and lets
///     go. Called in the task that calls this. What the clones met is thrown afterwards.
/// - Returns: What became of every byte, file by file.
/// - Throws: `ReflinkError`, as for one file, and what `lock` throws. Nothing was made then.
public func snapshot(
  _ sources: [FilePath], as names: [FilePath], preserving: SnapshotPreservation = .everything,
  controller: CopyController? = nil, holding lock: (@Sendable () async -> Void) async throws -> Void
) async throws -> [CopyOutcome] {
  let activity = controller?.begin() ?? Activity(nil)
  defer { controller?.end(activity) }
  return try await withTaskCancellationHandler {
    let group = try FileGroup(sources, names, preserving, activity)
    return try await group.snapshot(lock)
  } onCancel: {
    activity.cancel()
  }
}
