import Foundation
import Reflink
import SystemPackage
import TestSupport

/// Copies without an end, as many as the shared workers where nothing else is said. For processes of their own, so
/// that no other test is held up.
struct BusyWorkers {
  /// How many threads asynchronous copies share.
  static let count = min(max(ProcessInfo.processInfo.activeProcessorCount, 2), 4)

  private let tasks: [Task<CopyOutcome, any Error>]
  private let controllers: [CopyController]

  init(_ count: Int) throws {
    let zero = try FileDescriptor.open("/dev/zero", .readOnly)
    let null = try FileDescriptor.open("/dev/null", .writeOnly)
    controllers = (0..<count).map { _ in CopyController() }
    tasks = controllers.map { controller in
      Task.detached { try await copyFile(zero, to: null, controller: controller) }
    }
  }

  /// All have begun.
  static func started(_ count: Int = count) async throws -> BusyWorkers {
    let busy = try BusyWorkers(count)
    _ = await becomesTrue { busy.controllers.allSatisfy { $0.progress.bytesDone > 0 } }
    return busy
  }

  /// None has ended.
  var areBusy: Bool { controllers.allSatisfy { !$0.progress.isFinished } }

  func stop() async {
    for controller in controllers { controller.cancel() }
    for task in tasks { _ = await ends(task) }
  }
}

/// Ends this process should it hang, for exit tests.
func limitThisProcess(seconds: UInt32 = 600) {
  alarm(seconds)
}
