#if canImport(Darwin)
  import Dispatch
  import SystemPackage

  /// What one verb does beside copying entries, its operands opened.
  protocol Operation: Sendable {
    associatedtype Outcome: Sendable

    func run() throws(ReflinkError) -> Outcome
  }

  /// To the end, on the caller's thread. `operands` are opened as a part of the call: who watches
  /// its controller sees it end where they are refused.
  func runBlocking<Operands, Kind: Operation>(
    _ controller: CopyController?, isCopy: Bool = true,
    _ operands: @autoclosure () throws(ReflinkError) -> Operands,
    _ begin: (Operands, Activity?) throws(ReflinkError) -> Kind
  ) throws(ReflinkError) -> Kind.Outcome {
    try underActivity(controller, isCopy: isCopy) { (activity) throws(ReflinkError) in
      try begin(try operands(), activity).run()
    }
  }

  /// On a thread of the queue. `operands` are opened on the caller's thread.
  func runAsync<Operands: Sendable, Kind: Operation>(
    _ controller: CopyController?, isCopy: Bool = true, _: FilePath,
    _ operands: @autoclosure () throws(ReflinkError) -> Operands,
    on queue: (Operands) -> RunQueue = { _ in RunQueue() },
    _ begin: @escaping @Sendable (Operands, Activity) throws(ReflinkError) -> Kind
  ) async throws(ReflinkError) -> Kind.Outcome {
    try await onQueue(controller, isCopy: isCopy, try operands()) {
      (operands, activity) throws(ReflinkError) in
      try begin(operands, activity).run()
    }
  }

  extension CopyRequest {
    /// On a thread of the queue.
    static func runAsync(
      _ controller: CopyController?, isCopy: Bool = true, _: FilePath,
      _ request: @autoclosure () throws(ReflinkError) -> CopyRequest
    ) async throws(ReflinkError) -> Outcome {
      try await onQueue(controller, isCopy: isCopy, try request()) {
        (request, activity) throws(ReflinkError) in
        request.expect(controller)
        return try request.run(activity)
      }
    }
  }

  /// Does a verb's work on a thread of the queue and awaits its end, so that Swift's cooperative
  /// pool is never blocked. The task's cancellation ends this call, and no other under the same
  /// controller.
  private func onQueue<Opened: Sendable, Value: Sendable>(
    _ controller: CopyController?, isCopy: Bool,
    _ open: @autoclosure () throws(ReflinkError) -> Opened,
    _ run: @escaping @Sendable (Opened, Activity) throws(ReflinkError) -> Value
  ) async throws(ReflinkError) -> Value {
    let activity = controller?.begin(isCopy: isCopy) ?? Activity(nil)
    do throws(ReflinkError) {
      let opened = try open()
      // Neither of the two wrappers keeps an error's type; a result does.
      let result: Result<Value, ReflinkError> = await withTaskCancellationHandler {
        await withCheckedContinuation { continuation in
          RunQueue.run {
            do throws(ReflinkError) {
              continuation.resume(returning: .success(try run(opened, activity)))
            } catch {
              continuation.resume(returning: .failure(error))
            }
          }
        }
      } onCancel: {
        activity.cancel()
      }
      let value = try result.get()
      controller?.end(activity)
      return value
    } catch {
      controller?.end(activity, hasFailed: true)
      throw error
    }
  }

  /// The threads of all copies that nobody runs on a thread of their own. They may block.
  struct RunQueue {
    private static let threads = DispatchQueue(label: "Reflink", attributes: .concurrent)

    static func of(_: CopyOptions) -> RunQueue { RunQueue() }

    static func run(_ work: @escaping @Sendable () -> Void) {
      threads.async(execute: work)
    }

    func submit(_ work: CopyWork) {
      Self.run { work.completion(work.run()) }
    }
  }

  /// A copy of what a caller named, and whom to tell its end.
  struct CopyWork: Sendable {
    private let request: CopyRequest
    private let activity: Activity
    let completion: @Sendable (Result<CopyRequest.Outcome, ReflinkError>) -> Void

    init(
      _ request: CopyRequest, _ activity: Activity,
      _ completion: @escaping @Sendable (Result<CopyRequest.Outcome, ReflinkError>) -> Void
    ) {
      self.request = request
      self.activity = activity
      self.completion = completion
    }

    func run() -> Result<CopyRequest.Outcome, ReflinkError> {
      do throws(ReflinkError) {
        return .success(try request.run(activity))
      } catch {
        return .failure(error)
      }
    }
  }
#endif
