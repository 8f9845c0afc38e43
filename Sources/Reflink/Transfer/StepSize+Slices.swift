extension CopyOptions.Slices {
  /// How to begin; nil for a whole clone.
  var stepSize: StepSize? {
    let unit = FileTransfer.sliceUnit
    return switch self {
    case .whole: nil
    case .bytes(let bytes):
      StepSize(fixed: (min(max(bytes, 1), 1 << 60) + unit - 1) / unit * unit)
    case .time(let goal):
      StepSize(
        4 << 20, within: unit...1 << 40, goal: min(max(goal, .zero), .seconds(3600)))
    }
  }
}
