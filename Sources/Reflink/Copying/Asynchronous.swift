import SystemPackage

/// Gives work to the shared queue and awaits its end, so that Swift's cooperative pool
/// is never blocked: its threads are few, and a copy may take hours.
///
/// `make` gets the control that the task's cancellation cancels, and whom to tell the end.
func onSharedQueue<Value: Sendable>(
  _ source: FilePath, _ destination: FilePath?, _ control: Control?,
  _ make:
    @Sendable (Control, @escaping @Sendable (Result<Value, ReflinkError>) -> Void) -> any Work
) async throws(ReflinkError) -> Value {
  let control = control ?? Control()
  control.began()
  defer { control.ended() }
  // Neither of the two wrappers keeps an error's type; a result does.
  let result: Result<Value, ReflinkError> = await withTaskCancellationHandler {
    await withCheckedContinuation { continuation in
      let work = make(control) { continuation.resume(returning: $0) }
      do throws(SystemError) {
        try RunQueue.shared.submit(work)
      } catch {
        continuation.resume(returning: .failure(error.during(.prepare, source, destination)))
      }
    }
  } onCancel: {
    control.cancel()
  }
  return try result.get()
}

/// Runs on the caller's thread, under a control where there is one.
func here<Value: ~Copyable>(
  _ control: Control?, _ body: () throws(ReflinkError) -> Value
) throws(ReflinkError) -> Value {
  control?.began()
  defer { control?.ended() }
  return try body()
}
