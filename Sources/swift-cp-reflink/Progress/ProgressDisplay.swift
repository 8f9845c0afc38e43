import CCommand
import Glibc
import Reflink
import Synchronization

/// Shows on standard error how far the copies are, from a thread of its own: one line on a terminal
/// that is written anew ten times a second, else, where it was asked for, a line now and then.
/// SIGUSR1 asks for one line that stays, also where nothing is shown otherwise.
final class ProgressDisplay: Sendable {
  private let controller: CopyController
  private let reporter: Reporter
  private let isTerminal: Bool
  /// Whether lines come without being asked for.
  private let isShown: Bool
  private let start = ContinuousClock.now
  private struct State {
    var rate = RateEstimate()
    var columns: Int
    var isOver = false
  }
  private let state: Mutex<State>

  /// Milliseconds between two lines.
  private static var onTerminal: CInt { 100 }
  private static var elsewhere: CInt { 5000 }

  /// Nil where nothing is to be shown. Before any other thread is started: two signals are blocked.
  init?(_ choice: Settings.Progress, _ controller: CopyController, _ reporter: Reporter) {
    if choice == .never { return nil }
    let columns = ccommand_terminal_columns(STDERR_FILENO)
    isTerminal = columns >= 0
    self.controller = controller
    self.reporter = reporter
    isShown = isTerminal || choice == .always
    state = Mutex(State(columns: Self.usable(columns)))
    ccommand_hold_display_signals()
    guard startThreadIfPossible({ self.showUntilTheEnd() }) else { return nil }
  }

  /// Nothing is shown from now on, and the line is gone; elsewhere a last one tells the whole.
  func finish() {
    state.withLock { state in
      if state.isOver { return }
      state.isOver = true
      if isTerminal {
        reporter.show(status: nil)
      } else if isShown {
        reporter.say(status: line(&state).text())
      }
    }
  }

  private func showUntilTheEnd() {
    let pause = isTerminal ? Self.onTerminal : Self.elsewhere
    while true {
      let event = ccommand_wait_for_display_signal(isShown ? pause : 3_600_000)
      switch ccommand_display(UInt32(event)) {
      case CCOMMAND_DISPLAY_ASKED: showOnce()
      case CCOMMAND_DISPLAY_RESIZED:
        let columns = Self.usable(ccommand_terminal_columns(STDERR_FILENO))
        state.withLock { $0.columns = columns }
        if isShown, isTerminal { showAgain() }
      default:
        guard isShown else { continue }
        if isTerminal { showAgain() } else { showOnce() }
      }
    }
  }

  /// Under the lock, so that nothing is shown after the end.
  private func showAgain() {
    state.withLock { state in
      if state.isOver { return }
      reporter.show(status: line(&state).text(columns: state.columns))
    }
  }

  private func showOnce() {
    state.withLock { state in
      if state.isOver { return }
      reporter.say(status: line(&state).text())
    }
  }

  private func line(_ state: inout State) -> ProgressLine {
    let progress = controller.progress
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    state.rate.add(progress.bytesDone, at: seconds)
    // Before that nobody can tell.
    return ProgressLine(progress: progress, rate: seconds < 0.5 ? nil : state.rate.rate)
  }

  /// Without the last column, in which some terminals begin a new line; 80 where nothing is told.
  private static func usable(_ columns: CInt) -> Int { Int(columns > 0 ? columns : 80) - 1 }
}
