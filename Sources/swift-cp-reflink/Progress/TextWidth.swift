/// How many columns of a terminal a text takes.
enum TextWidth {
  static func columns(_ text: String) -> Int {
    text.unicodeScalars.reduce(0) { $0 + columns($1) }
  }

  /// The end of a text, in so many columns at most, behind an ellipsis where it is cut.
  static func tail(_ text: String, columns limit: Int, ellipsis: String) -> String {
    if columns(text) <= limit { return text }
    var room = limit - columns(ellipsis)
    var kept = ""[...].unicodeScalars
    for scalar in text.unicodeScalars.reversed() {
      room -= columns(scalar)
      if room < 0 { break }
      kept.append(scalar)
    }
    return ellipsis + String(String.UnicodeScalarView(kept.reversed()))
  }

  private static func columns(_ scalar: Unicode.Scalar) -> Int {
    if scalar.isASCII { return 1 }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return 0
    default: return isWide(scalar.value) ? 2 : 1
    }
  }

  /// By the blocks in which East Asian Width (UAX #11) has wide ones. One that is taken for wider than
  /// it is only makes the line shorter.
  private static func isWide(_ value: UInt32) -> Bool {
    switch value {
    case 0x1100...0x115F, 0x231A...0x23FF, 0x25FD...0x27BF, 0x2B1B...0x2B55, 0x2E80...0xA4CF,
      0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE10...0xFE19, 0xFE30...0xFE6F,
      0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x16FE0...0x1B2FF, 0x1F000...0x1FAFF, 0x20000...0x3FFFD:
      true
    default: false
    }
  }
}
