import CCommand
import Glibc
import Reflink
import SystemPackage

/// Names in messages, quoted as GNU's tools do: so that a shell would read them back.
enum Quoting {
  /// Always in quotes: '…', "…" where the name has an apostrophe, and $'…' for
  /// what cannot be printed.
  static func name(_ path: FilePath) -> String {
    name(unsafe path.withPlatformString { unsafe bytes(from: $0) })
  }

  /// In quotes only where a shell would need them.
  static func ifNeeded(_ path: FilePath) -> String {
    ifNeeded(unsafe path.withPlatformString { unsafe Self.bytes(from: $0) })
  }

  static func ifNeeded(_ path: OwnedName) -> String {
    ifNeeded(path.text.map(UInt8.init(bitPattern:)))
  }

  private static func ifNeeded(_ bytes: [UInt8]) -> String {
    let isPlain = Piece.split(bytes, isUTF8: Locale.isUTF8).allSatisfy { piece in
      piece.isPrintable && piece.text.utf8.allSatisfy { $0 >= 0x80 || isPlainUnquoted($0) }
    }
    // A shell takes these two for something else only at a word's beginning.
    guard let first = bytes.first, !"#~".utf8.contains(first), isPlain else { return name(bytes) }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func isPlainUnquoted(_ byte: UInt8) -> Bool {
    "#~".utf8.contains(byte) || (isPlainInDoubleQuotes(byte) && !" '".utf8.contains(byte))
  }

  /// The same for a path as it was given, with a slash at its end if it had one.
  static func name(_ path: OwnedName) -> String {
    name(path.text.map(UInt8.init(bitPattern:)))
  }

  private static func bytes(from start: UnsafePointer<CChar>) -> [UInt8] {
    var bytes: [UInt8] = []
    var next = unsafe start
    while unsafe next.pointee != 0 {
      unsafe bytes.append(UInt8(bitPattern: next.pointee))
      unsafe next += 1
    }
    return bytes
  }

  /// A word of the command line, in the locale's quotation marks.
  static func quote(_ word: OwnedName) -> String {
    let isUTF8 = Locale.isUTF8
    let text = Piece.split(word.text.map(UInt8.init(bitPattern:)), isUTF8: isUTF8).map { piece in
      let isSpecial =
        piece.text == (isUTF8 ? "’" : "'") || (piece.isPrintable && piece.text == "\\")
      return isSpecial ? "\\" + piece.text : piece.text
    }.joined()
    return isUTF8 ? "‘\(text)’" : "'\(text)'"
  }

  static func quote(_ word: String) -> String { quote(OwnedName(word)) }

  static func name(_ bytes: [UInt8], isUTF8: Bool = Locale.isUTF8) -> String {
    let pieces = Piece.split(bytes, isUTF8: isUTF8)
    let hasApostrophe = bytes.contains(0x27)
    if !hasApostrophe, pieces.allSatisfy(\.isPrintable) {
      return "'\(pieces.map(\.text).joined())'"
    }
    // These two are special to a shell only at a word's beginning, and then plain in quotes.
    let rest = "#~".utf8.contains(bytes[0]) ? bytes[1...] : bytes[...]
    if hasApostrophe, pieces.allSatisfy(\.isPrintable),
      rest.allSatisfy({ $0 >= 0x80 || isPlainInDoubleQuotes($0) })
    {
      return "\"\(pieces.map(\.text).joined())\""
    }
    return escaped(pieces)
  }

  /// What GNU's tools leave as it is inside "…".
  private static func isPlainInDoubleQuotes(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "A")...UInt8(ascii: "Z"):
      true
    default: " %'+,-./:@]_".utf8.contains(byte)
    }
  }

  /// '…' with $'…' for what cannot be printed, and \' for apostrophes.
  private static func escaped(_ pieces: [Piece]) -> String {
    var result = "'"
    var inEscape = false
    for piece in pieces {
      if piece.text == "'" {
        result += "'\\''"
        inEscape = false
      } else if piece.isPrintable {
        if inEscape { result += "''" }
        inEscape = false
        result += piece.text
      } else {
        if !inEscape { result += "'$'" }
        inEscape = true
        result += piece.text
      }
    }
    return result + "'"
  }
}

/// One character of a name, or one byte that is none.
private struct Piece {
  var text: String
  var isPrintable: Bool

  static func split(_ bytes: [UInt8], isUTF8: Bool) -> [Piece] {
    var pieces: [Piece] = []
    var rest = bytes[...]
    while let first = rest.first {
      if first < 0x80 {
        pieces.append(ascii(first))
        rest = rest.dropFirst()
        continue
      }
      var decoder = UTF8()
      var iterator = rest.makeIterator()
      if isUTF8, case .scalarValue(let scalar) = decoder.decode(&iterator) {
        let length = UTF8.width(scalar)
        pieces.append(
          scalar.isPrintable
            ? Piece(text: String(Character(scalar)), isPrintable: true)
            : Piece(text: rest.prefix(length).map(octal).joined(), isPrintable: false))
        rest = rest.dropFirst(length)
      } else {
        pieces.append(Piece(text: octal(first), isPrintable: false))
        rest = rest.dropFirst()
      }
    }
    return pieces
  }

  private static func ascii(_ byte: UInt8) -> Piece {
    let letters: [UInt8: String] = [
      7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r",
    ]
    if byte >= 0x20, byte < 0x7F {
      return Piece(text: String(Character(Unicode.Scalar(byte))), isPrintable: true)
    }
    return Piece(text: letters[byte] ?? octal(byte), isPrintable: false)
  }

  private static func octal(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 8)
    return "\\" + String(repeating: "0", count: 3 - digits.count) + digits
  }
}

extension Unicode.Scalar {
  fileprivate var isPrintable: Bool {
    switch properties.generalCategory {
    case .control, .surrogate, .unassigned, .lineSeparator, .paragraphSeparator: false
    default: true
    }
  }
}

/// The part of the locale that matters here.
enum Locale {
  static let isUTF8: Bool = {
    let names: [StaticString] = ["LC_ALL", "LC_CTYPE", "LANG"]
    for name in names {
      guard let value = environment(name), !value.isEmpty else { continue }
      // Not String.contains, with which all of Swift's regular expressions are linked.
      let letters = value.lowercased().utf8.filter { $0 != 0x2D }
      guard letters.indices.contains(where: { letters[$0...].starts(with: "utf8".utf8) }) else {
        return false
      }
      return unsafe value.withCString { unsafe ccommand_locale_is_installed($0) }
    }
    return false
  }()
}

/// getenv(3), byte for byte.
func environmentBytes(_ name: StaticString) -> OwnedName? {
  let key = unsafe UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
  guard let value = unsafe getenv(key) else { return nil }
  return unsafe OwnedName(copying: value)
}

/// getenv(3).
func environment(_ name: StaticString) -> String? {
  let key = unsafe UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
  guard let value = unsafe getenv(key) else { return nil }
  return unsafe String(cString: value)
}
