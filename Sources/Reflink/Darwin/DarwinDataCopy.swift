#if canImport(Darwin)
  import Darwin
  import SystemPackage

  /// The data of one open file on its way into another, by fcopyfile(3), which calls back after
  /// each piece.
  final class DataCopy {
    private let activity: Activity?
    /// Without holes that are kept.
    private(set) var bytesDone: Int64 = 0

    init(_ activity: Activity?) {
      self.activity = activity
    }

    /// From the offsets of the two. Throws `canceled` where the copy was cancelled.
    ///
    /// - Parameter keepsHoles: Where the file systems know holes, one in the source is one in the
    ///   copy.
    func run(
      from source: Descriptor, to destination: Descriptor, keepsHoles: Bool
    ) throws(Errno) {
      guard let state = unsafe copyfile_state_alloc() else { throw .noMemory }
      defer { unsafe copyfile_state_free(state) }
      // Called on this thread, and not after fcopyfile(3) has returned.
      let onProgress: copyfile_callback_t = { what, stage, state, _, _, context in
        guard what == COPYFILE_COPY_DATA, stage == COPYFILE_PROGRESS,
          let context = unsafe context
        else { return COPYFILE_CONTINUE }
        let copy = unsafe Unmanaged<DataCopy>.fromOpaque(context).takeUnretainedValue()
        unsafe copy.note(state)
        return copy.isCancelled ? COPYFILE_QUIT : COPYFILE_CONTINUE
      }
      _ = try check {
        unsafe copyfile_state_set(
          state, UInt32(COPYFILE_STATE_STATUS_CB),
          unsafeBitCast(onProgress, to: UnsafeRawPointer.self))
      }
      _ = try check {
        unsafe copyfile_state_set(
          state, UInt32(COPYFILE_STATE_STATUS_CTX), Unmanaged.passUnretained(self).toOpaque())
      }
      activity?.controller?.moves(by: .copied)
      let flags = keepsHoles ? COPYFILE_DATA | COPYFILE_DATA_SPARSE : COPYFILE_DATA
      if isCancelled { throw .canceled }
      // Not begun again after EINTR: the offsets have moved.
      let result = unsafe fcopyfile(
        source.number, destination.number, state, copyfile_flags_t(flags))
      if result < 0 { throw isCancelled ? .canceled : Errno.last }
      unsafe note(state)
    }

    private var isCancelled: Bool { activity?.isCancelled ?? false }

    /// Tells how far it is; copyfile_state_get(3).
    private func note(_ state: copyfile_state_t?) {
      var copied: off_t = 0
      guard unsafe copyfile_state_get(state, UInt32(COPYFILE_STATE_COPIED), &copied) == 0 else {
        return
      }
      activity?.controller?.add(Int64(copied).saturatingSubtract(bytesDone))
      bytesDone = Int64(copied)
    }
  }
#endif
