import Reflink
import Synchronization
import SystemPackage

/// Proves sharing of many files, and tells of each: `--sharing A B`, and `--verify-sharing` behind
/// copies.
final class SharingCheck: Sendable {
  private let reporter: Reporter
  private struct State {
    var totals = SharingTotals()
    var isDisproved = false
    var hasFailed = false
    /// Copies that are to be looked at once all are there: source and copy, each ended by a NUL.
    var pending: [CChar] = []
  }
  private let state = Mutex(State())

  init(_ reporter: Reporter) {
    self.reporter = reporter
  }

  /// Whether something provably is not shared.
  var isDisproved: Bool { state.withLock { $0.isDisproved } }

  /// Whether something could not be looked at.
  var hasFailed: Bool { state.withLock { $0.hasFailed } }

  /// A copy to look at later: a name may come last of all.
  func remember(_ source: FilePath, _ copy: FilePath) {
    let names = OwnedName(source).text + [0] + OwnedName(copy).text + [0]
    state.withLock { $0.pending += names }
  }

  /// Looks at all that was remembered.
  func checkRemembered() {
    let pending = state.withLock { state in
      defer { state.pending = [] }
      return state.pending
    }
    var names = pending.split(separator: 0).makeIterator()
    while !Interruption.ofCommand.isSet, let source = names.next(), let copy = names.next() {
      check(OwnedName(source).path, OwnedName(copy).path)
    }
  }

  func check(_ source: FilePath, _ copy: FilePath) {
    do throws(ReflinkError) {
      let proof = try SharingProof(source, copy)
      state.withLock { state in
        if proof.verdict != .sameFile { state.totals.add(proof.account) }
        state.isDisproved = state.isDisproved || proof.isDisproof
      }
      reporter.tell(
        text: "\(Quoting.ifNeeded(source)) -> \(Quoting.ifNeeded(copy)): \(proof.text)\n",
        record: proof.record)
    } catch {
      fail(error)
    }
  }

  func fail(_ error: ReflinkError) {
    state.withLock { $0.hasFailed = true }
    reporter.tell(error)
  }

  func tellTotals() {
    let totals = state.withLock { $0.totals }
    reporter.tell(text: totals.text + "\n", record: totals.summary)
  }

  /// Two files, or each file of a tree and the one of the same path below another.
  func compare(_ first: OwnedName, _ second: OwnedName, _ settings: Settings) {
    let pairs = FilePairs(first, second, settings)
    pairs.visit(fail: { self.fail($0) }) { self.check($0, $1) }
  }
}
