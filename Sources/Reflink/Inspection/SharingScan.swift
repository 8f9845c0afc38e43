import SystemPackage

/// Reads the maps of two files, one after the other.
struct SharingScan: ~Copyable, Operation {
  private var first: ExtentScan
  private var second: ExtentScan

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
    self.first = one
    self.second = two
  }

  var outcome: SharingReport { SharingReport(first.outcome, second.outcome) }

  mutating func goOn(_ turn: WorkerTurn?) throws(ReflinkError) -> Turn {
    let end = try first.goOn(turn)
    return end == .finished ? try second.goOn(turn) : end
  }
}
