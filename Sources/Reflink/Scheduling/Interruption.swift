import Synchronization

/// What ends copies from a signal handler: setting it is one atomic store, and takes no lock.
///
/// Copies look at it between steps, as at their cancellation. It differs from that in one thing:
/// what is not complete goes, even where `PartialFiles.keep` was asked for.
package final class Interruption: Sendable {
  private let flag = Atomic<Bool>(false)

  package init() {}

  package func set() { flag.store(true, ordering: .releasing) }

  package var isSet: Bool { flag.load(ordering: .acquiring) }
}
