import CCommand
import CReflink
import Glibc
import SystemPackage

/// Standard output and standard error, in the order of what happened.
struct Output {
  enum Stream: CInt {
    case output = 1
    case error = 2
  }

  private var pending: [UInt8] = []
  private var failure: CInt = 0
  /// Whether the last line of standard error is one that goes before anything else is written.
  private var showsStatus = false

  /// The name the command was called by.
  static var programName: String {
    var count: CInt = 0
    guard let arguments = unsafe ccommand_arguments(&count), count > 0,
      let name = unsafe arguments[0]
    else { return "swift-cp-reflink" }
    return unsafe String(cString: name)
  }

  mutating func write(_ text: String, to stream: Stream = .output) {
    switch stream {
    case .output:
      pending.append(contentsOf: text.utf8)
      if pending.count >= 1 << 15 { flush() }
    case .error:
      if text.isEmpty { return }
      flush()
      _ = send(Array(text.utf8), to: .error)
    }
  }

  /// Bytes for standard output.
  mutating func write(_ bytes: [UInt8]) {
    pending.append(contentsOf: bytes)
    if pending.count >= 1 << 15 { flush() }
  }

  /// A line on a terminal in the place of the last such one; nil takes it away. What waits to be
  /// written is written before.
  mutating func show(status: String?) {
    flush()
    guard let status else { return eraseStatus() }
    showsStatus = true
    _ = transfer(Array("\r\(status)\u{1B}[K".utf8), to: .error)
  }

  private mutating func eraseStatus() {
    guard showsStatus else { return }
    showsStatus = false
    _ = transfer(Array("\r\u{1B}[K".utf8), to: .error)
  }

  /// A message on standard error, after the command's name.
  mutating func complain(_ message: String) {
    write("\(Self.programName): \(message)\n", to: .error)
  }

  /// A line of standard input: whether it begins like a yes.
  func readAnswer() -> Bool {
    var byte: UInt8 = 0
    var first: UInt8?
    while true {
      let count = unsafe creflink_read(0, &byte, 1, -1)
      if count == -Int(EINTR) {
        if ccommand_received_signal() != 0 { return false }
        continue
      }
      guard count == 1, byte != 0x0A else { break }
      if first == nil { first = byte }
    }
    return first == UInt8(ascii: "y") || first == UInt8(ascii: "Y")
  }

  /// Sends what is left. False when standard output took less than all of it.
  mutating func finish() -> Bool {
    flush()
    if failure != 0 {
      let error = failure
      failure = 0
      complain("write error: \(errorText(error))")
      return false
    }
    return true
  }

  private mutating func flush() {
    if pending.isEmpty { return }
    let error = send(pending, to: .output)
    if failure == 0 { failure = error }
    pending.removeAll(keepingCapacity: true)
  }

  /// 0, or the errno.
  private mutating func send(_ bytes: [UInt8], to stream: Stream) -> CInt {
    eraseStatus()
    return transfer(bytes, to: stream)
  }

  private func transfer(_ bytes: [UInt8], to stream: Stream) -> CInt {
    var rest = bytes[...]
    while !rest.isEmpty {
      let taken = unsafe rest.withUnsafeBytes {
        unsafe creflink_write(stream.rawValue, $0.baseAddress, $0.count, -1)
      }
      if taken == -Int(EINTR) { continue }
      if taken < 0 { return CInt(-taken) }
      rest = rest.dropFirst(taken)
    }
    return 0
  }
}

/// The C library's words for an errno value.
func errorText(_ errno: CInt) -> String {
  Errno(rawValue: errno).description
}
