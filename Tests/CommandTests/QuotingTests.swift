import Foundation
import TestSupport
import Testing

@testable import swift_cp_reflink

/// Names in messages, against what GNU ls makes of the same bytes.
@Suite struct QuotingTests {
  private static let names: [[UInt8]] = [
    Array("plain".utf8), Array("with space".utf8), Array("it's".utf8), Array("'".utf8),
    Array("\"".utf8), Array("a'b\"c".utf8), Array("$HOME".utf8), Array("a'$b".utf8),
    Array("a'`b".utf8), Array("a'\\b".utf8), Array("a'!b".utf8), Array("new\nline".utf8),
    Array("\n".utf8), Array("tab\t".utf8), [7, 8, 9, 11, 12, 13, 27, 127], [0xff, 0xfe],
    Array("é".utf8), Array("é\n'".utf8), [0xc3], Array("日本".utf8), Array("a\u{200b}b".utf8),
    Array("\u{a0}".utf8), Array("~".utf8), Array("#x".utf8), Array("x y'z\n".utf8), Array("-".utf8),
    Array("=x'".utf8), Array("[a]'".utf8), Array("{}'".utf8), Array("a'\n".utf8),
    Array("'\n'".utf8), Array("it's~".utf8), Array("a#'".utf8), Array("é's".utf8),
    Array("\n'\n".utf8), Array("#'".utf8), Array("~'".utf8), Array("a\u{2028}".utf8),
    Array("{".utf8),
    Array("a%+,-.:@]_'".utf8), [0xee, 0x80, 0x80, 0xef, 0xb7, 0x90],
  ]

  @Test(arguments: names, [false, true])
  func isWhatListingQuotes(_ name: [UInt8], isUTF8: Bool) async throws {
    let octal = name.map { "\\" + String($0, radix: 8) }.joined()
    let listed = try await shell(
      """
      d=$(mktemp -d); trap 'rm -rf "$d"' EXIT; cd "$d"; n="$(printf '\(octal)x')"; : > "${n%x}"
      LC_ALL=\(isUTF8 ? "C.UTF-8" : "C") ls -d --quoting-style=shell-escape-always -- "${n%x}"
      """)
    #expect(Quoting.name(name, isUTF8: isUTF8) == inNewWords(String(listed.dropLast()), name))
  }

  /// Up to 9.1 a name with an apostrophe that ends with what cannot be printed began as if it had
  /// ended before.
  private func inNewWords(_ listed: String, _ name: [UInt8]) -> String {
    let isPrintable = { (byte: UInt8) in byte >= 0x20 && byte != 0x7F }
    guard name.contains(0x27), let first = name.first, let last = name.last, !isPrintable(last),
      first != 0x27
    else { return listed }
    if isPrintable(first) { return listed.hasPrefix("'''") ? String(listed.dropFirst(2)) : listed }
    return listed.hasPrefix("'\\") ? "''$'" + listed.dropFirst() : listed
  }
}
