import SystemPackage

/// Gives work to the shared queue and awaits its end, so that Swift's cooperative pool
/// is never blocked: its threads are few, and a copy may take hours.
///
/// `make` gets the controller that the task's cancellation cancels, and whom to tell the end.
func runAsync<Value: Sendable>(
  _ source: FilePath, _ destination: FilePath?, _ controller: CopyController?,
  _ make:
    @Sendable (CopyController, @escaping @Sendable (Result<Value, ReflinkError>) -> Void) ->
    any Work
) async throws(ReflinkError) -> Value {
  let controller = controller ?? CopyController()
  controller.began()
  defer { controller.ended() }
  // Neither of the two wrappers keeps an error's type; a result does.
  let result: Result<Value, ReflinkError> = await withTaskCancellationHandler {
    await withCheckedContinuation { continuation in
      let work = make(controller) { continuation.resume(returning: $0) }
      do throws(SystemError) {
        try RunQueue.shared.submit(work)
      } catch {
        continuation.resume(returning: .failure(error.during(.prepare, source, destination)))
      }
    }
  } onCancel: {
    controller.cancel()
  }
  return try result.get()
}

/// Runs on the caller's thread, under a controller where there is one.
func here<Value: ~Copyable>(
  _ controller: CopyController?, _ body: () throws(ReflinkError) -> Value
) throws(ReflinkError) -> Value {
  controller?.began()
  defer { controller?.ended() }
  return try body()
}
