/// The texts of `--help` and `--version`.
enum Help {
  static let version = "1.0.0"

  static var versionText: String { "swift-cp-reflink \(version)\n" }

  static var text: String {
    let name = Output.programName
    return """
      Usage: \(name) [OPTION]... [-T] SOURCE DEST
        or:  \(name) [OPTION]... SOURCE... DIRECTORY
        or:  \(name) [OPTION]... -t DIRECTORY SOURCE...
        or:  \(name) --probe SOURCE DIRECTORY
        or:  \(name) --sharing A B
        or:  \(name) --dedupe SOURCE DEST
      Copy SOURCE to DEST, or several SOURCEs into DIRECTORY. Files share their data
      with the source where the file system can (XFS, Btrfs), and are copied elsewhere.

      Options of cp:
      \(lines(own: false))
      Options that cp has not; each counts only in full:
      \(lines(own: true))
      The manual swift-cp-reflink(1) has examples, and says what each promises.

      """
  }

  private static func lines(own: Bool) -> String {
    var text = ""
    for index in Option.all.indices {
      let option = Option.all[index]
      if option.isOwn == own, !option.isAlias { text += option.lines }
    }
    return text
  }
}

extension Option {
  /// Columns before the text, and of all of it.
  private static var indent: Int { 33 }
  private static var width: Int { 79 }

  /// Its entry in `--help`.
  fileprivate var lines: String {
    var lines = ""
    // A name that leaves no room has a line of its own.
    var line = "  " + heading
    if line.utf8.count >= Self.indent {
      lines = line + "\n"
      line = ""
    }
    line += String(repeating: " ", count: Self.indent - line.utf8.count)
    var isFirst = true
    for word in help.description.split(separator: " ") {
      if !isFirst, line.utf8.count + 1 + word.utf8.count > Self.width {
        lines += line + "\n"
        line = String(repeating: " ", count: Self.indent + 2)
        isFirst = true
      }
      line += isFirst ? String(word) : " \(word)"
      isFirst = false
    }
    return lines + line + "\n"
  }

  private var heading: String {
    var names = short.map { "-\($0)" } ?? "    "
    if let long {
      names += (short == nil ? "" : ", ") + "--\(long)"
    }
    return switch argument {
    case .none: names
    case .required(let name): names + "=\(name)"
    case .optional(let name): names + "[=\(name)]"
    }
  }
}
