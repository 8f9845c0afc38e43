import Reflink

/// A number of bytes, in units of 1024, 1024² or 1024³ with K, M or G behind it.
func byteCount(_ text: String) -> Int64? {
  let unit: Int64
  switch text.utf8.last {
  case UInt8(ascii: "K"), UInt8(ascii: "k"): unit = 1 << 10
  case UInt8(ascii: "M"), UInt8(ascii: "m"): unit = 1 << 20
  case UInt8(ascii: "G"), UInt8(ascii: "g"): unit = 1 << 30
  default: unit = 1
  }
  let digits = unit == 1 ? text[...] : text.dropLast()
  guard let number = wholeNumber(digits) else { return nil }
  let (bytes, isTooLarge) = number.multipliedReportingOverflow(by: unit)
  return isTooLarge ? nil : bytes
}

/// What `--clone-slice` is given: a time with "ms" or "s" behind it, else a number of bytes.
func slices(_ text: String) -> CopyOptions.Slices? {
  if text.hasSuffix("ms") {
    return wholeNumber(text.dropLast(2)).flatMap { $0 > 0 ? .time(.milliseconds($0)) : nil }
  }
  if text.hasSuffix("s") {
    return wholeNumber(text.dropLast()).flatMap { $0 > 0 ? .time(.seconds($0)) : nil }
  }
  return byteCount(text).flatMap { $0 > 0 ? .bytes($0) : nil }
}

private func wholeNumber(_ digits: Substring) -> Int64? {
  guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
  return Int64(digits)
}
