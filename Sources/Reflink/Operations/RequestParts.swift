import SystemPackage

/// What is asked for of a tree beside the way its files are copied.
struct TreeParts: Sendable {
  /// What is left out.
  var filter = EntryFilter.everything
  var onFailure = FailureRule.stop
  /// What was counted beforehand.
  var plan: TreePlan?
  var listener: EntryListener?
  /// Whether the threads that all copies share help a caller that blocks.
  var workersHelp = true
}

extension CopyOptions {
  /// Of a clone of one file.
  static func clone(
    _ slices: Slices, _ preserving: Preservation, _ publication: Publication
  ) -> Self {
    var options = CopyOptions(
      cloning: .required, slices: slices, preserving: preserving, symbolicLinks: .follow,
      publication: publication)
    options.detectsInlineData = true
    return options
  }

  /// Whether this file's data is to be shared.
  func cloning(of status: FileStatus) -> Cloning {
    cloning == .preferred && status.type == .regular && status.size < smallestClone
      ? .never : cloning
  }

  /// Throws where options exclude each other.
  func check(
    _ source: FilePath, _ destination: FilePath, _ basis: CopyBasis? = nil
  ) throws(ReflinkError) {
    guard basis == nil || (cloning == .preferred && holes == .keep && slices == .whole) else {
      throw ReflinkError(
        code: .invalidArgument, operation: .prepare, source: source, destination: destination,
        errno: .invalidArgument,
        reason:
          "what builds on an earlier copy shares data with that where it can, in no slices, and keeps holes"
      )
    }
    guard cloning != .required || holes == .keep else {
      throw ReflinkError(
        code: .invalidArgument, operation: .prepare, source: source, destination: destination,
        errno: .invalidArgument,
        reason: "a clone that is required keeps holes: no other rule for them is possible")
    }
  }
}

extension ExistingRule {
  /// The same, for what can be cloned only.
  func cloning(_ options: CopyOptions) -> ExistingRule {
    let decide = decide(options)
    return .policy {
      $0.source.type == .regular || $0.source.type == .directory ? decide($0) : .refuse(.notRegular)
    }
  }

  /// The same for a directory that the caller opened to be filled.
  func decideInOpenDirectory(_ options: CopyOptions) -> EntryPolicy {
    let decide = decide(options)
    return { facts in
      guard facts.isOperand, case .exists(let existing) = facts.destination,
        facts.source.identity != existing.link.identity
      else { return decide(facts) }
      return .overwrite
    }
  }
}

extension CopyRequest {
  /// To the end. The request is made, and its operands opened, as a part of the call.
  static func runBlocking(
    _ controller: CopyController?, isCopy: Bool = true,
    _ request: @autoclosure () throws(ReflinkError) -> CopyRequest
  ) throws(ReflinkError) -> Outcome {
    try underActivity(controller, isCopy: isCopy) { (activity) throws(ReflinkError) in
      let request = try request()
      request.expect(controller)
      return try request.run(activity)
    }
  }
}
