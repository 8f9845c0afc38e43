public import SystemPackage

/// Begins the copy of one file, and returns at once; as `copyFile`.
///
/// - Parameters:
///   - source: Anything but a directory. Opened at once, as the destination's directory is.
///   - destination: The new name; its directory must exist.
///   - options: What is shared and what is preserved.
///   - rule: What becomes of a file that has the name already.
///   - controller: Counts this copy among others, and cancels it with them.
/// - Returns: The copy under way; it also tells what could not be begun.
public func startCopyingFile(
  _ source: FilePath, to destination: FilePath, options: CopyOptions = CopyOptions(),
  ifExists rule: ExistingRule = .fail, controller: CopyController? = nil
) -> RunningCopy<CopyOutcome> {
  .start(under: controller, try .file(source, destination, options, rule)) { $0.file }
}

/// Begins the clone of one file, and returns at once; as `cloneFile`.
///
/// - Parameters:
///   - source: A regular file. Opened at once, as the destination's directory is.
///   - destination: The new name, on the same file system.
///   - slices: Whether one system call clones all of it.
///   - preserving: What the clone keeps of its source beside the data.
///   - publication: When the clone gets its name; by default when it is complete.
///   - rule: What becomes of a file that has the name already.
///   - controller: Counts this clone among others, and cancels it with them.
/// - Returns: The clone under way; it also tells what could not be begun.
public func startCloningFile(
  _ source: FilePath, to destination: FilePath, slices: CopyOptions.Slices = .whole,
  preserving: CopyOptions.Preservation = .everything,
  publication: CopyOptions.Publication = .unnamed, ifExists rule: ExistingRule = .fail,
  controller: CopyController? = nil
) -> RunningCopy<CopyOutcome> {
  let options = CopyOptions.clone(slices, preserving, publication)
  return .start(
    under: controller, try .file(source, destination, options, rule.cloning(options))
  ) { $0.file }
}

/// Begins the copy of a file or a directory with all that is in it, and returns at once; as
/// `copyTree`.
///
/// - Parameters:
///   - source: A file or directory.
///   - destination: Its new name.
///   - options: What is shared and what is preserved.
///   - rule: What becomes of names that are taken.
///   - filter: What is left out.
///   - onFailure: Whether one failed entry ends the copy.
///   - plan: What `planTree` counted, so that progress knows the whole.
///   - controller: Counts this copy among others, and cancels it with them.
///   - onEntry: Told of every entry, as by `copyTree`.
/// - Returns: The copy under way; it also tells what could not be begun.
public func startCopyingTree(
  _ source: FilePath, to destination: FilePath, options: CopyOptions = CopyOptions(),
  ifExists rule: ExistingRule = .fail, filter: EntryFilter = .everything,
  onFailure: FailureRule = .stop, plan: TreePlan? = nil, controller: CopyController? = nil,
  onEntry: (@Sendable (EntryOutcome, FilePath, FilePath) -> Void)? = nil
) -> RunningCopy<TreeOutcome> {
  let parts = TreeParts(filter: filter, onFailure: onFailure, plan: plan, listener: onEntry)
  return .start(under: controller, try .tree(source, destination, options, rule, parts)) {
    $0.account
  }
}
