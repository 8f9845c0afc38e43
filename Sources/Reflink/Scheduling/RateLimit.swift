import Synchronization

/// How many bytes the files of one copy move in a second, together.
final class RateLimit: Sendable {
  private let bytesPerSecond: Int64
  /// When what was moved so far is paid for.
  private let due = Mutex(Instant.now)

  init?(_ bytesPerSecond: Int64?) {
    guard let bytesPerSecond else { return nil }
    self.bytesPerSecond = max(bytesPerSecond, 1)
  }

  /// What one step may move, in bytes: a twentieth of a second's worth, in whole pages.
  var step: Int64 { max(min(bytesPerSecond / 20, 256 << 10) & ~4095, 4096) }

  /// What is to be waited for before more is moved.
  func pause() -> Wait? {
    let ahead = due.withLock { $0 } - .now
    return ahead > .zero ? Wait(atMost: ahead) : nil
  }

  /// Notes what was moved.
  func charge(_ bytes: Int64) {
    guard bytes > 0 else { return }
    let cost = Duration.seconds(Double(bytes) / Double(bytesPerSecond))
    due.withLock { $0 = max($0, .now) + cost }
  }
}

/// How one file's data is moved.
struct TransferPace: Sendable {
  var limit: RateLimit?
  /// Whether the page cache is to stay as it was.
  var leavesNoCache = false
}
