import SystemPackage

/// What a verb about a tree asks for: done here, or in turns at the shared queue.
struct TreeVerb: Sendable {
  let source: FileOperand
  let destination: FileOperand
  let options: CopyOptions
  let decide: EntryPolicy
  let filter: EntryFilter
  let onFailure: FailureRule
  let plan: TreePlan?
  let listener: EntryListener?

  func run(_ controller: CopyController?) throws(ReflinkError) -> TreeOutcome {
    controller?.began()
    defer { controller?.ended() }
    let (from, to) = try places()
    expect(controller)
    var tree = TreeCopier(
      EntryCopier(options: options, decide: decide, controller: controller), filter: filter,
      onFailure: onFailure, listener: listener)
    try OwnedLocation.with(from, to) { (from, to) throws(ReflinkError) in
      try tree.copy(from, to: to)
    }
    return tree.outcome
  }

  func runInTurns(_ controller: CopyController?) async throws(ReflinkError) -> TreeOutcome {
    controller?.began()
    defer { controller?.ended() }
    let (from, to) = try places()
    expect(controller)
    return try await runAsync(source.path, destination.path, controller) {
      controller, completion in
      TreeWork(
        EntryCopier(options: options, decide: decide, controller: controller), filter: filter,
        onFailure: onFailure, listener: listener, from, to: to, completion: completion)
    }
  }

  private func expect(_ controller: CopyController?) {
    guard let controller, options.product != .nothing else { return }
    guard let plan else { return controller.expectUnknown() }
    // One file tells its size itself.
    if plan.directories > 0 { controller.expect(bytes: plan.bytes, files: plan.files) }
  }

  private func places() throws(ReflinkError) -> (OwnedLocation, OwnedLocation) {
    try options.check(source.path, destination.path)
    return (try place(source, .source), try place(destination, .destination))
  }

  /// A path, or the inside of an open directory.
  private func place(
    _ operand: FileOperand, _ side: ReflinkError.Side
  ) throws(ReflinkError) -> OwnedLocation {
    guard case .open = operand else { return OwnedLocation(operand.path) }
    do throws(SystemError) {
      let directory = Directory(try operand.open(.directory), Directory.Way(operand.path, in: nil))
      return OwnedLocation(directory, ".")
    } catch {
      throw error.during(.open(side), source.path, destination.path)
    }
  }
}
