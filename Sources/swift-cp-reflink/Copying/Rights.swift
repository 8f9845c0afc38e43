import SystemPackage

extension FilePermissions {
  /// The nine letters of ls(1).
  var letters: String {
    var text = ""
    for (shift, special, low, high) in [
      (6, FilePermissions.setUserID, "s", "S"), (3, .setGroupID, "s", "S"),
      (0, .saveText, "t", "T"),
    ] {
      let bits = rawValue >> UInt32(shift)
      text += bits & 4 != 0 ? "r" : "-"
      text += bits & 2 != 0 ? "w" : "-"
      let runs = bits & 1 != 0
      text += contains(special) ? (runs ? low : high) : (runs ? "x" : "-")
    }
    return text
  }
}
