import Glibc
import Reflink
import SystemPackage

/// Where a file system is mounted; a line of proc_pid_mountinfo(5).
struct Mount {
  var point: OwnedName
  var type: String

  /// The mount that a path is in; nil where /proc does not tell.
  static func of(_ path: OwnedName) -> Mount? {
    guard let real = unsafe realPath(path),
      case .lines(let lines) = lines(ofFile: OwnedName("/proc/self/mountinfo"))
    else { return nil }
    // Of several at one place the last one is seen.
    return lines.compactMap(Mount.init).reversed()
      .filter { real == $0.point || real.text.starts(with: $0.point.directoryText) }
      .max { $0.point.text.count < $1.point.text.count }
  }

  private init?(_ line: OwnedName) {
    let space = CChar(0x20)
    let fields = line.text.split(separator: space, omittingEmptySubsequences: false)
    guard let dash = fields.firstIndex(where: { $0.elementsEqual([CChar(0x2D)]) }),
      dash > 5, fields.count > dash + 1
    else { return nil }
    point = OwnedName(Self.unescaped(fields[4]))
    type = OwnedName(fields[dash + 1]).string
  }

  /// Spaces and the like stand as three octal digits behind a backslash.
  private static func unescaped(_ text: ArraySlice<CChar>) -> [CChar] {
    var result: [CChar] = []
    var rest = text
    while let first = rest.popFirst() {
      let digits = rest.prefix(3).map { Int($0) - 0x30 }
      if first == CChar(0x5C), digits.count == 3, digits.allSatisfy({ (0...7).contains($0) }) {
        let value = digits[0] * 64 + digits[1] * 8 + digits[2]
        result.append(CChar(truncatingIfNeeded: value))
        rest = rest.dropFirst(3)
      } else {
        result.append(first)
      }
    }
    return result
  }
}

extension OwnedName {
  /// With one slash at its end.
  fileprivate var directoryText: [CChar] {
    text.last == OwnedName.slash ? Array(text) : Array(text) + [OwnedName.slash]
  }
}

/// realpath(3).
@unsafe private func realPath(_ path: OwnedName) -> OwnedName? {
  let resolved = unsafe path.path.withPlatformString { unsafe realpath($0, nil) }
  guard let resolved = unsafe resolved else { return nil }
  defer { unsafe free(resolved) }
  return unsafe OwnedName(copying: resolved)
}
