/// Arithmetic on what a file or a caller says: at its limits it stays there, and never traps.
extension FixedWidthInteger {
  package func saturatingAdd(_ other: Self) -> Self {
    let (sum, overflow) = addingReportingOverflow(other)
    if !overflow { return sum }
    return other < 0 ? .min : .max
  }

  func saturatingSubtract(_ other: Self) -> Self {
    let (difference, overflow) = subtractingReportingOverflow(other)
    if !overflow { return difference }
    return other < 0 ? .max : .min
  }

  func saturatingMultiply(_ other: Self) -> Self {
    let (product, overflow) = multipliedReportingOverflow(by: other)
    if !overflow { return product }
    return (self < 0) == (other < 0) ? .max : .min
  }
}

extension Int64 {
  /// The next multiple of `unit` at or after this; the largest multiple where there is none.
  func roundedUp(to unit: Int64) -> Int64 {
    let below = self / unit * unit
    if below == self { return self }
    let (next, overflow) = below.addingReportingOverflow(unit)
    return overflow ? below : next
  }
}

extension Range<Int64> {
  /// Its length; the largest number where that is more.
  var length: Int64 { upperBound.saturatingSubtract(lowerBound) }
}
