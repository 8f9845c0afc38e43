import SystemPackage

/// Tries what is possible between a source and a directory, on a file that nobody sees.
struct ProbeTrial: ~Copyable, Operation {
  private let source: Operand
  private let directory: Operand
  private let activity: Activity?
  private(set) var outcome = ProbeReport()
  private var place: ClonePlace?

  init(_ source: Operand, _ directory: Operand, _ activity: Activity?) {
    self.source = source
    self.directory = directory
    self.activity = activity
  }

  mutating func resume(_ turn: WorkerTurn?) throws(ReflinkError) -> Turn {
    let file = try RegularFile.open(source)
    let size = file.status.size
    if size > CloneLine.shortSize {
      let place = place ?? CloneLine.shared.enter([file.status.identity], for: .step)
      self.place = place
      while !place.isGranted {
        if activity?.isCancelled ?? false {
          throw SystemError(call: .cloneRange, errno: .canceled)
            .during(.inspect, source.path, directory.path)
        }
        if turn != nil { return .waiting(Wait(place)) }
        sleep(for: Wait(place))
      }
    }
    defer { place = nil }
    do throws(SystemError) {
      let place = try directory.open(.directory)
      let trial = try unseenFile(in: place)
      if try clone(file.descriptor, size, into: trial) {
        outcome.mechanism = .clone
        if size > 0 { outcome.alignment = alignment(file.descriptor, size, trial) }
        outcome.inlineLimit = try? inlineLimit(of: trial)
      } else if try offload(file.descriptor, into: trial) {
        outcome.mechanism = .offload(onServer: try place.fileSystemType()?.isRemote ?? false)
      }
      return .finished
    } catch {
      throw error.during(.inspect, source.path, directory.path)
    }
  }

  private mutating func unseenFile(
    in directory: borrowing Descriptor
  ) throws(SystemError) -> Descriptor {
    do throws(SystemError) {
      return try OwnedName.dot.with { (name) throws(SystemError) in
        try directory.open(name, [.unnamed, .readWrite], mode: 0o600)
      }
    } catch {
      guard error.errno == .notSupported || error.errno == .isDirectory else { throw error }
    }
    outcome.hasUnnamedFiles = false
    return try OwnedName.temporary().with { (name) throws(SystemError) in
      let file = try directory.open(name, [.readWrite, .create, .exclusive], mode: 0o600)
      try directory.remove(name)
      return file
    }
  }

  /// How much is cloned for a trial.
  private static var trialSize: Int64 { 64 << 10 }

  private mutating func clone(
    _ file: borrowing Descriptor, _ size: Int64, into trial: borrowing Descriptor
  ) throws(SystemError) -> Bool {
    for isSecond in [false, true] {
      do throws(SystemError) {
        if size > Self.trialSize {
          try trial.clone(0..<Self.trialSize, from: file, to: 0)
        } else if size > 0 {
          // Whole: of what is kept inline, OCFS2 shares no range.
          try trial.clone(from: file)
        } else {
          try trial.requireSharing(with: file)
        }
        outcome.refusal = nil
        return true
      } catch {
        switch verdict(on: error) {
        case .terminal: throw error
        case .fallBack(let cause): outcome.refusal = cause
        case .transient: outcome.refusal = .busy
        case .diagnose: outcome.refusal = .invalid
        }
        guard outcome.refusal == .invalid, !isSecond,
          let change = trial.noCopyOnWriteDifference(to: file)
        else { return false }
        outcome.noCopyOnWrite = change
        guard trial.adopt(change) else {
          outcome.refusal = .noCopyOnWriteMismatch
          return false
        }
      }
    }
    return false
  }

  /// The smallest offset that the file system shares at.
  private func alignment(
    _ file: borrowing Descriptor, _ size: Int64, _ trial: borrowing Descriptor
  ) -> Int64? {
    if let unit = try? trial.sharingUnit(), !unit.isChecked { return unit.bytes }
    var unit: Int64 = 512
    while unit <= Self.trialSize {
      let works: Void? = try? trial.clone(
        0..<min(size, Self.trialSize), from: file, to: unit)
      if works != nil { return unit }
      unit *= 2
    }
    return nil
  }

  private func offload(
    _ file: borrowing Descriptor, into trial: borrowing Descriptor
  ) throws(SystemError) -> Bool {
    do throws(SystemError) {
      return try trial.copy(count: 4096, from: file, at: 0, to: 0) > 0
    } catch {
      if verdict(on: error) == .terminal { throw error }
      return false
    }
  }

  /// By writing files of several sizes and looking where they are.
  private func inlineLimit(of trial: borrowing Descriptor) throws(SystemError) -> Int64 {
    let buffer = DataBuffer(capacity: 4096)
    // What can be compressed is kept inline up to larger sizes.
    buffer.fillWithNoise()
    func isInline(_ size: Int) throws(SystemError) -> Bool {
      try trial.truncate(to: 0)
      try trial.writeAll(0..<size, of: buffer, at: 0)
      return try trial.extents(from: 0, atMost: 1).first?.flags.contains(.inline) ?? false
    }
    var longestInline = 0
    var shortestNot = buffer.capacity + 1
    guard try isInline(1) else { return 0 }
    longestInline = 1
    while shortestNot - longestInline > 1 {
      let middle = (longestInline + shortestNot) / 2
      if try isInline(middle) { longestInline = middle } else { shortestNot = middle }
    }
    return Int64(longestInline)
  }
}

extension FileSystemType {
  fileprivate var isRemote: Bool {
    switch self {
    case .nfs, .cifs, .smb2, .ceph: true
    case .ext4, .xfs, .btrfs, .ocfs2, .tmpfs, .overlay: false
    }
  }
}
