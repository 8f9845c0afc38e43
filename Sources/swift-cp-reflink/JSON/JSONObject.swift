import Reflink
import SystemPackage

/// One JSON object (RFC 8259) as bytes, member by member.
struct JSONObject {
  private var bytes: [UInt8] = [UInt8(ascii: "{")]

  /// The whole of it; nothing can be added to that.
  var text: [UInt8] { bytes + [UInt8(ascii: "}")] }

  mutating func add(_ key: StaticString, _ value: String) {
    begin(key)
    quote(value.utf8)
  }

  mutating func add(_ key: StaticString, _ value: Int64) {
    begin(key)
    bytes.append(contentsOf: String(value).utf8)
  }

  mutating func add(_ key: StaticString, _ value: Bool) {
    begin(key)
    bytes.append(contentsOf: (value ? "true" : "false").utf8)
  }

  mutating func add(_ key: StaticString, _ value: JSONObject) {
    begin(key)
    bytes.append(contentsOf: value.text)
  }

  /// Seconds, to the microsecond.
  mutating func add(_ key: StaticString, _ value: Duration) {
    begin(key)
    let (seconds, attoseconds) = value.components
    let microseconds = String(attoseconds / 1_000_000_000_000)
    let zeros = String(repeating: "0", count: max(6 - microseconds.utf8.count, 0))
    bytes.append(contentsOf: "\(seconds).\(zeros)\(microseconds)".utf8)
  }

  /// A path. One that is not UTF-8 has its bytes in Base64 (RFC 4648) under the key with "Base64"
  /// behind it too; the string has U+FFFD then in the place of what is none.
  mutating func add(_ key: StaticString, path: FilePath) {
    let name = OwnedName(path).text.map(UInt8.init(bitPattern:))
    begin(key)
    if String(validating: name, as: UTF8.self) != nil {
      quote(name)
      return
    }
    quote(String(decoding: name, as: UTF8.self).utf8)
    begin(key, "Base64")
    quote(Base64.encode(name))
  }

  private mutating func begin(_ key: StaticString, _ suffix: String = "") {
    if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
    quote((key.description + suffix).utf8)
    bytes.append(UInt8(ascii: ":"))
  }

  /// A string; `text` is UTF-8.
  private mutating func quote(_ text: some Sequence<UInt8>) {
    bytes.append(UInt8(ascii: "\""))
    for byte in text {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
      case 0..<0x20, 0x7F:
        let digits = Array("0123456789abcdef".utf8)
        bytes += Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }
}

enum Base64 {
  private static let alphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  /// With padding.
  static func encode(_ bytes: [UInt8]) -> [UInt8] {
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      let bits = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << (8 * UInt32(3 - group.count))
      for place in 0..<4 {
        text.append(
          place > group.count
            ? UInt8(ascii: "=") : alphabet[Int(bits >> (18 - 6 * UInt32(place)) & 63)])
      }
    }
    return text
  }
}
