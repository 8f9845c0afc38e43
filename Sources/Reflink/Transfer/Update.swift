import SystemPackage

/// What a transfer builds on: an earlier copy of the source, which is cloned into the destination and
/// then brought up to date.
// One transfer has it, and one thread at a time the transfer.
@safe final class Update: @unchecked Sendable {
  /// The earlier copy.
  let earlier: Descriptor
  let path: FilePath
  let identity: FileStatus.Identity
  /// As it was opened.
  private let status: FileStatus
  /// Its size, in bytes.
  var size: Int64 { status.size }
  /// What is known without reading; nil where everything is compared by content.
  private(set) var proof: SnapshotProof?

  /// The destination's block, in bytes.
  var unit: Int64 = 4096
  /// What the file had for `CopySize`, where that was changed.
  var copySize: CopySize?
  /// Up to where the run that the proof calls changed goes.
  var changedEnd: Int64 = 0
  /// What the destination has at a place, as it was found last.
  var found: (range: Range<Int64>, isData: Bool) = (0..<0, false)
  /// For the source's bytes, and for the destination's.
  private var buffers: (source: DataBuffer, destination: DataBuffer)?

  init(_ earlier: consuming EarlierFile) {
    path = earlier.path
    identity = earlier.status.identity
    status = earlier.status
    self.earlier = earlier.descriptor
  }

  /// Whether nobody has written to it.
  var isAsOpened: Bool { (try? earlier.status().isAsWritten(status)) ?? false }

  func rely(on proof: SnapshotProof) {
    self.proof = proof
  }

  /// What the proof said does not count: everything is compared anew.
  func dropProof() {
    proof = nil
    changedEnd = 0
    found = (0..<0, false)
  }

  func buffers(leavingNoCache leavesNoCache: Bool) -> (source: DataBuffer, destination: DataBuffer)
  {
    if let buffers { return buffers }
    let capacity = Int(DataMover.bufferSize)
    let made = (
      DataBuffer(capacity: capacity, leavesNoCache: leavesNoCache),
      DataBuffer(capacity: capacity, leavesNoCache: leavesNoCache)
    )
    buffers = made
    return made
  }
}
