import CReflink
import Glibc
import Reflink
import SystemPackage

/// What reading a file of patterns came to.
enum FileLines {
  case lines([OwnedName])
  case failed(String)
}

/// The lines of a file, "-" for standard input, without what ends them.
func lines(ofFile path: OwnedName) -> FileLines {
  func failed(_ errno: Errno) -> FileLines {
    .failed("cannot read \(Quoting.name(path)): \(errorText(errno.rawValue))")
  }
  var bytes: [CChar] = []
  do throws(Errno) {
    bytes = try path == OwnedName("-") ? readAll(.standardInput) : readAll(path)
  } catch {
    return failed(error)
  }
  let lines = bytes.split(separator: CChar(0x0A), omittingEmptySubsequences: true)
  return .lines(
    lines.filter { !$0.contains(0) }
      .map { OwnedName($0.last == CChar(0x0D) ? $0.dropLast() : $0) })
}

private func readAll(_ path: OwnedName) throws(Errno) -> [CChar] {
  do {
    let file = try FileDescriptor.open(path.path, .readOnly, options: .closeOnExec)
    return try file.closeAfter { try readAll(file) }
  } catch {
    throw (error as? Errno) ?? .ioError
  }
}

private func readAll(_ file: FileDescriptor) throws(Errno) -> [CChar] {
  var bytes: [CChar] = []
  var buffer = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    do {
      let count = try unsafe buffer.withUnsafeMutableBytes { try unsafe file.read(into: $0) }
      if count == 0 { return bytes }
      bytes += buffer.prefix(count).map(CChar.init(bitPattern:))
    } catch {
      throw (error as? Errno) ?? .ioError
    }
  }
}

extension OwnedName {
  /// Whether a line is one of rsync's rules with a sign before the pattern.
  var isRule: Bool {
    text.count > 1 && (text[0] == CChar(0x2B) || text[0] == CChar(0x2D)) && text[1] == CChar(0x20)
  }

  /// Whether a line of patterns says nothing.
  var isComment: Bool {
    guard let first = text.first else { return true }
    return first == CChar(0x23) || first == CChar(0x3B)
  }
}
