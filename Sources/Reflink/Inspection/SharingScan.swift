import SystemPackage

/// Reads the maps of two files, one after the other, and adds up what they share.
struct SharingScan: ~Copyable, Operation {
  private var first: ExtentScan
  private var second: ExtentScan
  private let isOneSystem: Bool
  private let activity: Activity?
  private let path: FilePath
  private var accounting: SharingAccounting?

  init(
    _ first: Operand, _ second: Operand, _ activity: Activity?
  ) throws(ReflinkError) {
    let one = try ExtentScan(first, activity)
    let two = try ExtentScan(second, activity)
    if one.identity == two.identity {
      throw ReflinkError(
        code: .sameFile, operation: .refuse(.sameFile), source: first.path,
        destination: second.path)
    }
    isOneSystem = one.isOnFileSystem(of: two)
    self.first = one
    self.second = two
    self.activity = activity
    path = first.path
  }

  var outcome: SharingReport {
    guard let accounting else { preconditionFailure("asked before the end") }
    return accounting.report
  }

  mutating func resume(_ turn: WorkerTurn?) throws(ReflinkError) -> Turn {
    if accounting == nil {
      let one = try first.resume(turn)
      if one != .finished { return one }
      let two = try second.resume(turn)
      if two != .finished { return two }
      accounting = SharingAccounting(
        first.outcome, second.outcome, onOneFileSystem: isOneSystem)
    }
    while accounting?.step() ?? false {
      if let activity, activity.isCancelled {
        throw SystemError(call: .extents, errno: .canceled).during(.inspect, path)
      }
      if let turn, turn.isOver { return .spent }
    }
    return .finished
  }
}
