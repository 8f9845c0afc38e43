public import SystemPackage

/// The same verbs for callers that block: each does its work on the thread that calls it.
///
/// They take what their asynchronous twins take, return and throw the same, and are never chosen
/// by accident. In a task they hold a thread of Swift's cooperative pool: there they are for whoever
/// holds a lock that must not be given up, or has a thread to spare.
public enum Blocking {}

extension Blocking {
  /// Copies one file, as `copyFile`.
  public static func copyFile(
    _ source: FilePath, to destination: FilePath, options: CopyOptions = CopyOptions(),
    ifExists rule: ExistingRule = .fail, basedOn basis: CopyBasis? = nil,
    controller: CopyController? = nil
  ) throws(ReflinkError) -> CopyOutcome {
    try CopyRequest.runBlocking(
      controller, try .file(source, destination, options, rule, basis)
    ).file
  }

  /// Copies the data of an open file into another, as `copyFile`.
  public static func copyFile(
    _ source: FileDescriptor, to destination: FileDescriptor, options: CopyOptions = CopyOptions(),
    controller: CopyController? = nil
  ) throws(ReflinkError) -> CopyOutcome {
    try CopyRequest.runBlocking(controller, try .file(source, destination, options)).file
  }

  /// Clones one file, as `cloneFile`.
  public static func cloneFile(
    _ source: FilePath, to destination: FilePath, slices: CopyOptions.Slices = .whole,
    preserving: CopyOptions.Preservation = .everything,
    publication: CopyOptions.Publication = .unnamed, ifExists rule: ExistingRule = .fail,
    controller: CopyController? = nil
  ) throws(ReflinkError) -> CopyOutcome {
    let options = CopyOptions.clone(slices, preserving, publication)
    return try CopyRequest.runBlocking(
      controller, try .file(source, destination, options, rule.cloning(options))
    ).file
  }

  /// Clones the data of an open file into another, as `cloneFile`.
  public static func cloneFile(
    _ source: FileDescriptor, to destination: FileDescriptor,
    slices: CopyOptions.Slices = .whole, controller: CopyController? = nil
  ) throws(ReflinkError) -> CopyOutcome {
    try CopyRequest.runBlocking(
      controller, try .file(source, destination, .clone(slices, .nothing, .inPlace))
    ).file
  }
}
