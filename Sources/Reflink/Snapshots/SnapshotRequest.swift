import SystemPackage

extension OperandPair {
  /// Of a snapshot.
  static func snapshot(
    _ source: FilePath, _ name: FilePath, _ preserving: SnapshotPreservation
  ) throws(ReflinkError) -> OperandPair {
    try OperandPair(
      OwnedName(source), OwnedName(name),
      EntryCopier(options: .snapshot(preserving), decide: decideOnSnapshot, activity: nil))
  }
}

extension CopyRequest {
  /// Clones of an entry and all that is in it.
  static func snapshot(_ pair: OperandPair, _ preserving: SnapshotPreservation) -> CopyRequest {
    CopyRequest(
      files: .named(pair.source, pair.destination), options: .snapshot(preserving),
      decide: decideOnSnapshot, isTree: true)
  }

  /// A clone of an open file.
  static func snapshot(
    _ source: FileDescriptor, _ name: FilePath, _ preserving: SnapshotPreservation
  ) throws(ReflinkError) -> CopyRequest {
    do throws(SystemError) {
      return CopyRequest(
        files: .openToName(
          try Operand.OpenFile(source), try OwnedLocation(resolving: OwnedName(name))),
        options: .snapshot(preserving), decide: decideOnSnapshotOfFile)
    } catch {
      throw error.during(
        error.call == .duplicate ? .open(.source) : .createFile,
        Operand.OpenFile.path(of: source), name)
    }
  }
}
