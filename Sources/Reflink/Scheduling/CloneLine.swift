import Synchronization
import SystemPackage

/// Who may touch which large file now.
///
/// While FICLONE runs it holds the locks of both files, for as long as 35 µs an extent. Whatever
/// else needs them (another clone, FIEMAP, FICLONERANGE, reading) would stand there in the kernel,
/// with its thread, and could not be cancelled. So it stands in this line instead, without a thread.
///
/// A long clone has its files for itself; steps of other work share them. At most `limit` clones of
/// large files run at a time in this process, each perhaps with a helper process and its
/// descriptors. First come, first served; a step, which is short, goes before clones that wait.
final class CloneLine: Sendable {
  enum Purpose: Sendable {
    /// A FICLONE of unknown length.
    case clone
    /// A bounded call, or a few.
    case step
  }

  fileprivate struct Entry {
    let token: UInt64
    var files: [FileStatus.Identity]
    let purpose: Purpose
    var isGranted = false
    var wake: (@Sendable () -> Void)?
  }

  private struct State {
    var nextToken: UInt64 = 0
    /// In the order in which they are served.
    var entries: [Entry] = []
  }

  private let state = Mutex(State())
  private let limit: Int

  static let shared = CloneLine(atMost: max(2, defaultWorkers()))

  init(atMost limit: Int) {
    self.limit = max(limit, 1)
  }

  /// Below this no clone takes long, and nobody stands in line: 16 MiB.
  static var shortSize: Int64 { 16 << 20 }

  /// A place in line for these files. It is left when the place is let go.
  func enter(_ files: [FileStatus.Identity], for purpose: Purpose) -> ClonePlace {
    let token = state.withLock { state in
      state.nextToken &+= 1
      let entry = Entry(token: state.nextToken, files: files, purpose: purpose)
      let firstClone = state.entries.firstIndex { !$0.isGranted && $0.purpose == .clone }
      let index = purpose == .step ? firstClone ?? state.entries.count : state.entries.count
      state.entries.insert(entry, at: index)
      // Nobody is woken: only this one can have become first.
      _ = grant(&state)
      return entry.token
    }
    return ClonePlace(self, token, files)
  }

  /// Whether nobody stands in line.
  var isEmpty: Bool { state.withLock { $0.entries.isEmpty } }

  /// Whether a clone has this file now.
  func isCloning(_ file: FileStatus.Identity) -> Bool {
    state.withLock { state in
      state.entries.contains {
        $0.isGranted && $0.purpose == .clone && $0.files.contains(file)
      }
    }
  }

  /// Marks those whose turn it is; returns what wakes them.
  private func grant(_ state: inout State) -> [@Sendable () -> Void] {
    var clones = state.entries.count { $0.isGranted && $0.purpose == .clone }
    // Those that an earlier entry has, or waits for, each with its purpose.
    var seen: [FileStatus.Identity: (clone: Bool, step: Bool)] = [:]
    var woken: [@Sendable () -> Void] = []
    for index in state.entries.indices {
      let entry = state.entries[index]
      if !entry.isGranted {
        let isFree = entry.files.allSatisfy { file in
          let earlier = seen[file] ?? (false, false)
          return entry.purpose == .step ? !earlier.clone : !earlier.clone && !earlier.step
        }
        if isFree, entry.purpose == .step || clones < limit {
          state.entries[index].isGranted = true
          if let wake = state.entries[index].wake.take() { woken.append(wake) }
          if entry.purpose == .clone { clones += 1 }
        }
      }
      for file in entry.files {
        var purposes = seen[file] ?? (false, false)
        if entry.purpose == .clone { purposes.clone = true } else { purposes.step = true }
        seen[file] = purposes
      }
    }
    return woken
  }

  fileprivate func leave(_ token: UInt64) {
    // What the entry refers to is let go outside of the lock.
    let (left, woken) = state.withLock { state -> (Entry?, [@Sendable () -> Void]) in
      guard let index = state.entries.firstIndex(where: { $0.token == token }) else {
        return (nil, [])
      }
      let left = state.entries.remove(at: index)
      return (left, state.entries.isEmpty ? [] : grant(&state))
    }
    withExtendedLifetime(left) {
      for wake in woken { wake() }
    }
  }

  fileprivate func isGranted(_ token: UInt64) -> Bool {
    state.withLock { state in state.entries.first { $0.token == token }?.isGranted ?? true }
  }

  fileprivate func add(_ file: FileStatus.Identity, _ token: UInt64) {
    state.withLock { state in
      guard let index = state.entries.firstIndex(where: { $0.token == token }) else { return }
      state.entries[index].files.append(file)
    }
  }

  /// False where there is nothing to wait for.
  fileprivate func setWake(_ wake: (@Sendable () -> Void)?, _ token: UInt64) -> Bool {
    state.withLock { state in
      guard let index = state.entries.firstIndex(where: { $0.token == token }),
        !state.entries[index].isGranted
      else { return false }
      state.entries[index].wake = wake
      return true
    }
  }
}

/// A place in the line of some files. Whoever has it has to keep it as long as it uses them;
/// letting go of it leaves the line, granted or not.
final class ClonePlace: Sendable {
  private let line: CloneLine
  private let token: UInt64
  /// Whose turn was asked for.
  let files: [FileStatus.Identity]

  fileprivate init(_ line: CloneLine, _ token: UInt64, _ files: [FileStatus.Identity]) {
    self.line = line
    self.token = token
    self.files = files
  }

  deinit { line.leave(token) }

  /// Whether it is its turn.
  var isGranted: Bool { line.isGranted(token) }

  /// Has another file too, at once: one that nobody else uses for long.
  func add(_ file: FileStatus.Identity) { line.add(file, token) }

  /// Calls `resume` once: when it is its turn, or the activity is cancelled, whichever is first.
  /// On the thread of whoever leaves the line, of whoever cancels, or at once on the caller's.
  func whenGranted(_ activity: Activity?, resume: @escaping @Sendable () -> Void) {
    let resumption = Resumption(activity, resume)
    guard line.setWake({ resumption.call() }, token) else { return resumption.call() }
    resumption.endsWithCancellation()
  }
}

/// What is called once, by whoever is first.
private final class Resumption: Sendable {
  private struct State {
    var resume: (@Sendable () -> Void)?
    var cancellation: UInt64?
  }
  private let activity: Activity?
  private let state: Mutex<State>

  init(_ activity: Activity?, _ resume: @escaping @Sendable () -> Void) {
    self.activity = activity
    state = Mutex(State(resume: resume))
  }

  func call() {
    let (resume, cancellation) = state.withLock { state in
      (state.resume.take(), state.cancellation.take())
    }
    if let cancellation { activity?.forget(cancellation) }
    resume?()
  }

  func endsWithCancellation() {
    guard let activity else { return }
    let cancellation = activity.whenCancelled { [self] in call() }
    let isOver = state.withLock { state in
      if state.resume != nil { state.cancellation = cancellation }
      return state.resume == nil
    }
    if isOver { activity.forget(cancellation) }
  }
}
