import SystemPackage

/// A clone of a source into a file without a name, made before its data is copied, so that all of the copy
/// is of one moment. It goes in steps like every clone, in a helper where it takes long.
// One transfer has it, and one thread at a time the transfer.
@safe final class MomentaryClone: @unchecked Sendable {
  /// Nil where the source itself is all there is: no file can be made beside it.
  private var transfer: FileTransfer?
  /// The earlier clone that this one's extents are to be compared with.
  private var snapshot: EarlierFile?

  @inline(never)
  init(_ transfer: consuming FileTransfer?, comparedWith snapshot: consuming EarlierFile?) {
    self.transfer = transfer
    self.snapshot = snapshot
  }

  /// Fails where there can be no clone.
  @inline(never)
  func step() throws(SystemError) -> Step {
    guard let step = try transfer?.step() else {
      throw SystemError(call: .clone, errno: .notSupported)
    }
    return step
  }

  func cancel() { transfer?.cancel() }

  /// As `FileTransfer.endOfClone`.
  var endOfClone: CInt? { transfer?.endOfClone }

  /// The clone, once it is made; once.
  @inline(never)
  func takeClone() throws(SystemError) -> Descriptor {
    guard let transfer = transfer.take() else {
      throw SystemError(call: .clone, errno: .notSupported)
    }
    return transfer.mover.destination
  }

  /// What the earlier clone proves about a later one, or the source itself.
  @inline(never)
  func proof(about later: borrowing Descriptor) -> SnapshotProof? {
    guard let snapshot = snapshot.take() else { return nil }
    return SnapshotProof(snapshot.descriptor, now: later)
  }
}

extension FileTransfer {
  /// Goes on with the clone that is to be the source. Where none can be made, the source itself is copied.
  @inline(never)
  mutating func step(_ moment: MomentaryClone) throws(SystemError) -> Step {
    do throws(SystemError) {
      let step = try moment.step()
      switch step {
      case .waiting: return step
      case .advanced: return .advanced(0)
      case .finished: try replaceSource(with: moment.takeClone())
      }
    } catch {
      // Refused, or no room: as if it had not been asked for.
    }
    if let basis, let proof = moment.proof(about: mover.source) { basis.rely(on: proof) }
    self.moment = nil
    return .advanced(0)
  }
}
