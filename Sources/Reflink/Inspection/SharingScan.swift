import SystemPackage

/// Reads the maps of two files, one after the other.
struct SharingScan: ~Copyable, Operation {
  private var first: ExtentScan
  private var second: ExtentScan
  /// Only on one file system does a place mean the same for both.
  private let isOneSystem: Bool

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
  }

  var outcome: SharingReport {
    SharingReport(first.outcome, second.outcome, onOneFileSystem: isOneSystem)
  }

  mutating func goOn(_ turn: WorkerTurn?) throws(ReflinkError) -> Turn {
    let end = try first.goOn(turn)
    return end == .finished ? try second.goOn(turn) : end
  }
}
