import SystemPackage

/// Runs blocking work on a thread made for it and awaits its end: the cooperative
/// pool has few threads, and a copy may keep one for hours.
func onThreadOfItsOwn<Value: Sendable>(
  _ source: FilePath, _ destination: FilePath, _ control: Control?,
  _ body: @escaping @Sendable (Control) throws(ReflinkError) -> Value
) async throws(ReflinkError) -> Value {
  let control = control ?? Control()
  // Neither of the two wrappers keeps an error's type; a result does.
  let result: Result<Value, ReflinkError> = await withTaskCancellationHandler {
    await withCheckedContinuation { continuation in
      do throws(SystemError) {
        try startThread {
          continuation.resume(
            returning: Result { () throws(ReflinkError) in try body(control) })
        }
      } catch {
        continuation.resume(returning: .failure(error.during(.prepare, source, destination)))
      }
    }
  } onCancel: {
    control.cancel()
  }
  return try result.get()
}
