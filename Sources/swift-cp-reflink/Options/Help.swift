/// The texts of `--help` and `--version`.
enum Help {
  static let version = "0.1.0"

  static var versionText: String { "swift-cp-reflink \(version)\n" }

  static var text: String {
    let name = Output.programName
    var text = """
      Usage: \(name) [OPTION]... [-T] SOURCE DEST
        or:  \(name) [OPTION]... SOURCE... DIRECTORY
        or:  \(name) [OPTION]... -t DIRECTORY SOURCE...
      Copy SOURCE to DEST, or several SOURCEs into DIRECTORY. Files share their data
      with the source where the file system can (XFS, Btrfs), and are copied elsewhere.


      """
    for index in Option.all.indices where !Option.all[index].isAlias {
      let option = Option.all[index]
      text += "  \(option.heading.padded(to: 30)) \(option.help)\n"
    }
    return text
  }
}

extension Option {
  fileprivate var heading: String {
    var parts: [String] = []
    if let short { parts.append("-\(short)") }
    if let long { parts.append("--\(long)") }
    let names = parts.joined(separator: ", ")
    return switch argument {
    case .none: names
    case .required(let name): names + "=\(name)"
    case .optional(let name): names + "[=\(name)]"
    }
  }
}

extension String {
  fileprivate func padded(to width: Int) -> String {
    count < width ? self + String(repeating: " ", count: width - count) : self
  }
}
