import Synchronization
import SystemPackage

/// The one thread that waits for what work waits for: descriptors (epoll(7)) and times. It
/// does no work of its own, so that whatever becomes ready is seen at once, however busy
/// all workers are. Cancellation does not even wait for it: whoever cancels ends the wait.
final class Watcher: Sendable {
  static let shared = Watcher()

  private struct Entry {
    let token: UInt64
    /// What epoll reports; -1 for a wait for the time alone.
    let descriptor: CInt
    let end: Instant
    let resume: @Sendable () -> Void
    let activity: Activity?
    /// What the activity calls when it is cancelled.
    var cancellation: UInt64?
  }

  private struct State: ~Copyable {
    var entries: [Entry] = []
    var nextToken: UInt64 = 0
    /// Until when the thread sleeps if nothing is ready before; nil before it first looks.
    var wakesAt: Instant?
    /// Made with the first that waits, together with the thread, and there for ever.
    var polls: SharedPolls?
  }

  private final class SharedPolls: Sendable {
    let set: PollSet
    init(_ set: consuming PollSet) { self.set = set }
  }

  private let state = Mutex(State())

  /// Calls `resume` once: when the descriptor is ready, the time is over, it is the work's turn
  /// at a file, or the activity is cancelled, whichever is first. On the thread of the watcher, of whoever cancels,
  /// or at once on the caller's.
  func watch(
    _ wait: Wait, _ activity: Activity?, resume: @escaping @Sendable () -> Void
  ) {
    if let place = wait.place { return place.whenGranted(activity, resume: resume) }
    let activity = wait.endsWithCancellation ? activity : nil
    guard let polls = startIfNeeded() else {
      // Neither a descriptor nor a thread is to be had: this thread waits, for a short time.
      sleep(for: wait)
      return resume()
    }
    let (token, isEarlier) = state.withLock { state in
      state.nextToken &+= 1
      let token = state.nextToken
      // Under the lock: nobody ends the wait, and closes the descriptor, before it is added.
      // Where epoll takes no such descriptor, the time alone is waited for.
      let isPolled =
        wait.descriptor >= 0
        && polls.set.add(wait.descriptor, forWriting: wait.forWriting, token: token)
      let end = Instant.now + wait.atMost
      state.entries.append(
        Entry(
          token: token, descriptor: isPolled ? wait.descriptor : -1, end: end, resume: resume,
          activity: activity))
      return (token, state.wakesAt.map { end < $0 } ?? true)
    }
    if isEarlier { polls.set.interrupt() }
    guard let activity else { return }
    let cancellation = activity.whenCancelled { [self] in end(token) }
    let isStillThere = state.withLock { state in
      guard let index = state.entries.firstIndex(where: { $0.token == token }) else { return false }
      state.entries[index].cancellation = cancellation
      return true
    }
    if !isStillThere { activity.forget(cancellation) }
  }

  /// Ends one wait, if nobody has ended it before.
  private func end(_ token: UInt64) {
    let entry = state.withLock { state -> Entry? in
      guard let index = state.entries.firstIndex(where: { $0.token == token }) else { return nil }
      return Self.take(index, &state)
    }
    if let entry { Self.resume(entry) }
  }

  private static func take(_ index: Int, _ state: inout State) -> Entry {
    let entry = state.entries.remove(at: index)
    // Before its owner goes on, and may close it.
    if entry.descriptor >= 0 { state.polls?.set.remove(entry.descriptor) }
    return entry
  }

  private static func resume(_ entry: Entry) {
    if let cancellation = entry.cancellation { entry.activity?.forget(cancellation) }
    entry.resume()
  }

  /// Starts its thread from this one.
  func start() { _ = startIfNeeded() }

  private func startIfNeeded() -> SharedPolls? {
    state.withLock { state in
      if let polls = state.polls { return polls }
      guard let set = try? PollSet() else { return nil }
      let polls = SharedPolls(set)
      do throws(SystemError) {
        try startThread { [self] in watchForEver(polls) }
      } catch {
        return nil
      }
      state.polls = polls
      return polls
    }
  }

  private func watchForEver(_ polls: SharedPolls) {
    var tokens: [UInt64] = []
    while true {
      let now = Instant.now
      let (due, next) = state.withLock { state -> ([Entry], Instant?) in
        var due: [Entry] = []
        for index in state.entries.indices.reversed() where state.entries[index].end <= now {
          due.append(Self.take(index, &state))
        }
        let next = state.entries.min { $0.end < $1.end }?.end
        // What ends later than this needs no interruption.
        state.wakesAt = due.isEmpty ? next : now
        return (due.reversed(), next)
      }
      for entry in due { Self.resume(entry) }
      if !due.isEmpty { continue }
      tokens.removeAll(keepingCapacity: true)
      polls.set.wait(atMost: next.map { $0 - now }, &tokens)
      for token in tokens { end(token) }
    }
  }
}
