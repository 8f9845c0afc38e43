/// Amounts for people.
enum Units {
  /// Bytes in units of 1024, with one digit behind the point below 10.
  static func bytes(_ count: Int64) -> String {
    let count = UInt64(max(count, 0))
    if count < 1024 { return "\(count) B" }
    var (unit, letters) = (UInt64(1024), ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"][...])
    while count / unit >= 1024, letters.count > 1 {
      unit *= 1024
      letters = letters.dropFirst()
    }
    let name = letters.first ?? "EiB"
    let tenths = count / unit * 10 + count % unit * 10 / unit
    return tenths < 100 ? "\(tenths / 10).\(tenths % 10) \(name)" : "\(count / unit) \(name)"
  }

  /// Seconds as minutes and seconds, or hours.
  static func time(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 360_000 else { return "99:59:59" }
    let whole = Int(max(seconds, 0).rounded(.up))
    let (hours, minutes) = (whole / 3600, whole / 60 % 60)
    let rest = twoDigits(whole % 60)
    return hours > 0 ? "\(hours):\(twoDigits(minutes)):\(rest)" : "\(minutes):\(rest)"
  }

  private static func twoDigits(_ number: Int) -> String {
    number < 10 ? "0\(number)" : "\(number)"
  }
}
