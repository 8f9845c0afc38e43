public import SystemPackage

extension Blocking {
  /// Tries out what is possible between a source and a directory, as `probe`.
  public static func probe(
    from source: FilePath, to directory: FilePath
  ) throws(ReflinkError) -> ProbeReport {
    try runBlocking(nil, (try Operand(source), try Operand(directory, .destination))) {
      ProbeTrial($0.0, $0.1, $1)
    }
  }

  /// Tries out what is possible between an open file and an open directory, as `probe`.
  public static func probe(
    from source: FileDescriptor, to directory: FileDescriptor
  ) throws(ReflinkError) -> ProbeReport {
    try runBlocking(nil, (try Operand(source), try Operand(directory, .destination))) {
      ProbeTrial($0.0, $0.1, $1)
    }
  }

  /// Finds which bytes of a file may have changed, as `changedRanges`.
  public static func changedRanges(
    of file: FilePath, since snapshot: FilePath, controller: CopyController? = nil
  ) throws(ReflinkError) -> ChangedRanges {
    try runBlocking(controller, (try Operand(file), try Operand(snapshot))) {
      (operands, activity) throws(ReflinkError) in
      try ChangeScan(of: operands.0, since: operands.1, activity)
    }
  }

  /// Has a file share what it has in common with another, as `deduplicate`.
  public static func deduplicate(
    _ file: FilePath, with source: FilePath, controller: CopyController? = nil
  ) throws(ReflinkError) -> DeduplicationOutcome {
    try runBlocking(controller, (try Operand(file, .destination), try Operand(source))) {
      (operands, activity) throws(ReflinkError) in
      try Deduplication(operands.0, with: operands.1, activity)
    }
  }

  /// Says where a file's data lies, as `extents`.
  public static func extents(
    of file: FilePath, controller: CopyController? = nil
  ) throws(ReflinkError) -> ExtentMap {
    try runBlocking(controller, try Operand(file)) { (file, activity) throws(ReflinkError) in
      try ExtentScan(file, activity)
    }
  }

  /// Says where an open file's data lies, as `extents`.
  public static func extents(
    of file: FileDescriptor, controller: CopyController? = nil
  ) throws(ReflinkError) -> ExtentMap {
    try runBlocking(controller, try Operand(file)) { (file, activity) throws(ReflinkError) in
      try ExtentScan(file, activity)
    }
  }

  /// Proves what two files share, as `sharing`.
  public static func sharing(
    between first: FilePath, and second: FilePath, controller: CopyController? = nil
  ) throws(ReflinkError) -> SharingReport {
    try runBlocking(controller, (try Operand(first), try Operand(second))) {
      (operands, activity) throws(ReflinkError) in
      try SharingScan(operands.0, operands.1, activity)
    }
  }

  /// Proves what two open files share, as `sharing`.
  public static func sharing(
    between first: FileDescriptor, and second: FileDescriptor, controller: CopyController? = nil
  ) throws(ReflinkError) -> SharingReport {
    try runBlocking(controller, (try Operand(first), try Operand(second))) {
      (operands, activity) throws(ReflinkError) in
      try SharingScan(operands.0, operands.1, activity)
    }
  }

  /// Lists what killed copies have left, as `leftovers`.
  public static func leftovers(
    in directory: FilePath, recursively: Bool = false, controller: CopyController? = nil
  ) throws(ReflinkError) -> [FilePath] {
    try runBlocking(controller, OwnedName(directory)) {
      (directory, activity) throws(ReflinkError) in
      try LeftoverSweep(directory, recursively: recursively, removes: false, activity)
    }
  }

  /// Removes what killed copies have left, as `removeLeftovers`.
  @discardableResult
  public static func removeLeftovers(
    in directory: FilePath, recursively: Bool = false, controller: CopyController? = nil
  ) throws(ReflinkError) -> [FilePath] {
    try runBlocking(controller, OwnedName(directory)) {
      (directory, activity) throws(ReflinkError) in
      try LeftoverSweep(directory, recursively: recursively, removes: true, activity)
    }
  }
}
