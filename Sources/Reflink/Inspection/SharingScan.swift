import SystemPackage

/// Reads the maps of two files, one after the other, and adds up what they share.
struct SharingScan: ~Copyable, Operation {
  private var first: ExtentScan
  private var second: ExtentScan
  private let isOneSystem: Bool
  private let control: Control?
  private let path: FilePath
  private var accounting: SharingAccounting?

  init(
    _ first: FileOperand, _ second: FileOperand, _ control: Control?
  ) throws(ReflinkError) {
    let one = try ExtentScan(first, control)
    let two = try ExtentScan(second, control)
    if one.identity == two.identity {
      throw ReflinkError(
        code: .sameFile, operation: .refuse(.sameFile), source: first.path,
        destination: second.path)
    }
    isOneSystem = one.isOnFileSystem(of: two)
    self.first = one
    self.second = two
    self.control = control
    path = first.path
  }

  var outcome: SharingReport {
    guard let accounting else { preconditionFailure("asked before the end") }
    return accounting.report
  }

  mutating func goOn(_ turn: WorkerTurn?) throws(ReflinkError) -> Turn {
    if accounting == nil {
      guard try first.goOn(turn) == .finished, try second.goOn(turn) == .finished else {
        return .spent
      }
      accounting = SharingAccounting(
        first.outcome, second.outcome, onOneFileSystem: isOneSystem)
    }
    while accounting?.step() ?? false {
      if let control, control.isCancelled {
        throw SystemError(call: .extents, errno: .canceled).during(.inspect, path)
      }
      if let turn, turn.isOver { return .spent }
    }
    return .finished
  }
}
