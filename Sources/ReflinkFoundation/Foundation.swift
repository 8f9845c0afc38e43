public import Foundation
@_exported public import Reflink

extension ReflinkError: LocalizedError {
  /// The sentence that `description` is: what could not be done, to what, and why.
  public var errorDescription: String? { description }
}

extension FileStatus.Time {
  /// The same moment, to the precision of a `Date`.
  public var date: Date {
    Date(timeIntervalSince1970: Double(seconds) + Double(nanoseconds) / 1_000_000_000)
  }
}

extension FilePath {
  /// The path of a file URL; nil for any other.
  fileprivate init?(file url: URL) {
    guard url.isFileURL else { return nil }
    self.init(url.path(percentEncoded: false))
  }

  /// The same, or why it is none.
  fileprivate static func of(_ url: URL) throws(ReflinkError) -> FilePath {
    if let path = FilePath(file: url) { return path }
    throw ReflinkError(
      code: .invalidArgument, operation: .prepare, source: FilePath(url.absoluteString),
      reason: "it is not a file's URL")
  }
}

/// Copies one file, as `copyFile` does by paths.
public func copyFile(
  _ source: URL, to destination: URL, options: CopyOptions = CopyOptions(),
  ifExists rule: ExistingRule = .fail, controller: CopyController? = nil
) async throws(ReflinkError) -> CopyOutcome {
  try await copyFile(
    FilePath.of(source), to: FilePath.of(destination), options: options, ifExists: rule,
    controller: controller)
}

/// Clones one file, as `cloneFile` does by paths.
public func cloneFile(
  _ source: URL, to destination: URL, slices: CopyOptions.Slices = .whole,
  preserving: CopyOptions.Preservation = .everything,
  publication: CopyOptions.Publication = .unnamed, ifExists rule: ExistingRule = .fail,
  controller: CopyController? = nil
) async throws(ReflinkError) -> CopyOutcome {
  try await cloneFile(
    FilePath.of(source), to: FilePath.of(destination), slices: slices, preserving: preserving,
    publication: publication, ifExists: rule, controller: controller)
}

/// Copies a file or a directory with all that is in it, as `copyTree` does by paths.
public func copyTree(
  _ source: URL, to destination: URL, options: CopyOptions = CopyOptions(),
  ifExists rule: ExistingRule = .fail, filter: EntryFilter = .everything,
  onFailure: FailureRule = .stop, plan: TreePlan? = nil, controller: CopyController? = nil
) async throws(ReflinkError) -> TreeOutcome {
  try await copyTree(
    FilePath.of(source), to: FilePath.of(destination), options: options, ifExists: rule,
    filter: filter, onFailure: onFailure, plan: plan, controller: controller)
}

/// Makes a snapshot of a file or a directory, as `snapshot` does by paths.
public func snapshot(
  _ source: URL, as name: URL, preserving: SnapshotPreservation = .everything,
  method: SnapshotMethod = .clones, controller: CopyController? = nil
) async throws(ReflinkError) -> SnapshotOutcome {
  try await snapshot(
    FilePath.of(source), as: FilePath.of(name), preserving: preserving, method: method,
    controller: controller)
}
