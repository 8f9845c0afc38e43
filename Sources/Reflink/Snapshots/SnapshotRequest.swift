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
