import Synchronization
import SystemPackage

/// An unfinished copy, and where it comes from and goes to, until somebody resumes it.
final class SuspendedFile: Sendable {
  let source: OwnedLocation
  let destination: OwnedLocation
  let copy: Mutex<FileCopy?>

  init(_ copy: consuming FileCopy, _ source: Location, _ destination: Location) {
    self.source = OwnedLocation(source)
    self.destination = OwnedLocation(destination)
    self.copy = Mutex(copy)
  }

  /// The copy, once.
  func take() -> FileCopy? {
    copy.withLock { $0.take() }
  }

  /// Lets it go on to the next halt, or to its end.
  func goOn(to halt: FileCopy.Halt?) throws(SystemError) {
    try copy.withLock { (copy) throws(SystemError) in
      guard var unfinished = copy.take() else { return }
      unfinished.halt = halt
      do throws(SystemError) {
        if halt == .afterData { try unfinished.lookAgain() }
        copy = consume unfinished
      } catch {
        copy = consume unfinished
        throw error
      }
    }
  }

  /// Whether it has all its data.
  var hasData: Bool {
    copy.withLock { $0?.transfer.isFinished ?? true }
  }

  func putBack(_ unfinished: consuming FileCopy) {
    var unfinished: FileCopy? = unfinished
    copy.withLock { swap(&$0, &unfinished) }
  }
}
