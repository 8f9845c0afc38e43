import SystemPackage

/// What a verb about a tree asks for: done here, or in turns at the shared queue.
struct TreeVerb: Sendable {
  let source: FileOperand
  let destination: FileOperand
  let options: CopyOptions
  let decide: Decide
  let filter: EntryFilter
  let onFailure: FailureRule
  let plan: TreePlan?
  let listener: EntryListener?

  func run(_ control: Control?) throws(ReflinkError) -> TreeOutcome {
    control?.began()
    defer { control?.ended() }
    let (from, to) = try places()
    expect(control)
    var tree = TreeCopier(
      EntryCopier(options: options, decide: decide, control: control), filter: filter,
      onFailure: onFailure, listener: listener)
    try KeptPlace.with(from, to) { (from, to) throws(ReflinkError) in
      try tree.copy(from, to: to)
    }
    return tree.outcome
  }

  func runInTurns(_ control: Control?) async throws(ReflinkError) -> TreeOutcome {
    control?.began()
    defer { control?.ended() }
    let (from, to) = try places()
    expect(control)
    return try await onSharedQueue(source.path, destination.path, control) {
      control, completion in
      TreeWork(
        EntryCopier(options: options, decide: decide, control: control), filter: filter,
        onFailure: onFailure, listener: listener, from, to: to, completion: completion)
    }
  }

  private func expect(_ control: Control?) {
    guard let control, options.making != .nothing else { return }
    guard let plan else { return control.expectUnknown() }
    // One file tells its size itself.
    if plan.folders > 0 { control.expect(bytes: plan.bytes, files: plan.files) }
  }

  private func places() throws(ReflinkError) -> (KeptPlace, KeptPlace) {
    try options.check(source.path, destination.path)
    return (try place(source, .source), try place(destination, .destination))
  }

  /// A path, or the inside of an open folder.
  private func place(
    _ operand: FileOperand, _ side: ReflinkError.Side
  ) throws(ReflinkError) -> KeptPlace {
    guard case .open = operand else { return KeptPlace(operand.path) }
    do throws(SystemError) {
      let folder = Folder(try operand.open(.folder), Folder.Way(operand.path, in: nil))
      return KeptPlace(folder, ".")
    } catch {
      throw error.during(.open(side), source.path, destination.path)
    }
  }
}
