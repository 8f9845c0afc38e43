import SystemPackage

/// What each verb about entries asks for, its operands opened.
extension CopyRequest {
  /// A copy of one file that is not a directory, by names.
  static func file(
    _ source: FilePath, _ destination: FilePath, _ options: CopyOptions, _ rule: ExistingRule,
    _ basis: CopyBasis? = nil
  ) throws(ReflinkError) -> CopyRequest {
    try options.check(source, destination, basis)
    let decide = rule.decideOnFile(options)
    let pair = try OperandPair(
      OwnedName(source), OwnedName(destination),
      EntryCopier(options: options, decide: decide, activity: nil))
    return CopyRequest(
      files: .named(pair.source, pair.destination), options: options, decide: decide,
      basis: try pair.earlierCopies(basis))
  }

  /// A copy of the data of one open file.
  static func file(
    _ source: FileDescriptor, _ destination: FileDescriptor, _ options: CopyOptions
  ) throws(ReflinkError) -> CopyRequest {
    let paths = (Operand.OpenFile.path(of: source), Operand.OpenFile.path(of: destination))
    try options.check(paths.0, paths.1)
    func open(
      _ file: FileDescriptor, _ side: ReflinkError.Side
    ) throws(ReflinkError) -> Operand.OpenFile {
      do throws(SystemError) {
        return try Operand.OpenFile(file)
      } catch {
        throw error.during(.open(side), paths.0, paths.1)
      }
    }
    var options = options
    // Of what has no name here the file itself is what is written out.
    if options.durability == .fileSystem { options.durability = .files }
    return CopyRequest(
      files: .open(try open(source, .source), try open(destination, .destination)),
      options: options, decide: ExistingRule.replace.decideOnFile(options))
  }

  /// A copy of an entry and, where that is a directory, of all that is in it.
  static func tree(
    _ source: FilePath, _ destination: FilePath, _ options: CopyOptions, _ rule: ExistingRule,
    _ parts: TreeParts, _ basis: CopyBasis? = nil
  ) throws(ReflinkError) -> CopyRequest {
    try options.check(source, destination, basis)
    let decide = rule.decide(options)
    let pair = try OperandPair(
      OwnedName(source), OwnedName(destination),
      EntryCopier(options: options, decide: decide, activity: nil))
    return CopyRequest(
      files: .named(pair.source, pair.destination), options: options, decide: decide,
      parts: parts, basis: try pair.earlierCopies(basis), isTree: true)
  }

  /// A copy of what is in an open directory.
  static func tree(
    _ source: FileDescriptor, _ destination: FileDescriptor, _ options: CopyOptions,
    _ rule: ExistingRule, _ parts: TreeParts
  ) throws(ReflinkError) -> CopyRequest {
    let paths = (Operand.OpenFile.path(of: source), Operand.OpenFile.path(of: destination))
    try options.check(paths.0, paths.1)
    /// The inside of an open directory.
    func inside(
      _ directory: FileDescriptor, _ side: ReflinkError.Side
    ) throws(ReflinkError) -> OwnedLocation {
      do throws(SystemError) {
        let descriptor = try Descriptor(duplicating: directory.rawValue)
        let path = DirectoryPath(OwnedName(Operand.OpenFile.path(of: directory)))
        return OwnedLocation(Directory(descriptor, path), .dot)
      } catch {
        throw error.during(.open(side), paths.0, paths.1)
      }
    }
    return CopyRequest(
      files: .named(try inside(source, .source), try inside(destination, .destination)),
      options: options, decide: rule.decideInOpenDirectory(options), parts: parts, isTree: true)
  }

  /// The counting of what a copy would copy. The source stands for both sides: nothing is
  /// written to either.
  static func counting(
    _ source: FilePath, _ options: CopyOptions, _ filter: EntryFilter, _ onFailure: FailureRule
  ) throws(ReflinkError) -> CopyRequest {
    var options = options
    options.product = .nothing
    options.publication = .inPlace
    do throws(SystemError) {
      let location = try OwnedLocation(resolving: OwnedName(source))
      return CopyRequest(
        files: .named(location, location), options: options, decide: { _ in .create },
        parts: TreeParts(filter: filter, onFailure: onFailure), isTree: true)
    } catch {
      throw error.during(.examine(.source), source)
    }
  }
}
