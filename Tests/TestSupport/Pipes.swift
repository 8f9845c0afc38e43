import CTestSupport
import Foundation
public import SystemPackage

/// Bytes that lie in a pipe, unread.
public func bufferedBytes(in pipe: FileDescriptor) -> Int {
  Int(ctestsupport_bytes_in_pipe(pipe.rawValue))
}

/// Reads `count` bytes, or up to the end, on a thread that may wait for them.
public func readAll(_ file: FileDescriptor, _ count: Int) async -> [UInt8] {
  await withCheckedContinuation { continuation in
    Thread.detachNewThread {
      var bytes: [UInt8] = []
      var piece = [UInt8](repeating: 0, count: 65536)
      while bytes.count < count {
        let got = (try? piece.withUnsafeMutableBytes { try file.read(into: $0) }) ?? 0
        if got == 0 { break }
        bytes += piece.prefix(got)
      }
      continuation.resume(returning: bytes)
    }
  }
}

/// A pseudo-terminal, and the descriptor of whoever would read what is written to it.
public func openTerminal() throws -> (master: CInt, terminal: FileDescriptor) {
  var master: CInt = -1
  var terminal: CInt = -1
  guard ctestsupport_open_terminal(&master, &terminal) == 0 else { throw Errno(rawValue: errno) }
  return (master, FileDescriptor(rawValue: terminal))
}
