public import SystemPackage

extension Blocking {
  /// Shares a range of one file with a place in another, as `cloneRange`.
  public static func cloneRange(
    from source: FilePath, range: Range<Int64>, to destination: FilePath, at offset: Int64,
    controller: CopyController? = nil
  ) throws(ReflinkError) -> CopyOutcome {
    try copyRange(
      from: source, range: range, to: destination, at: offset, cloning: .required,
      controller: controller)
  }

  /// Copies a range of one file to a place in another, as `copyRange`.
  public static func copyRange(
    from source: FilePath, range: Range<Int64>, to destination: FilePath, at offset: Int64,
    cloning: CopyOptions.Cloning = .preferred, controller: CopyController? = nil
  ) throws(ReflinkError) -> CopyOutcome {
    try runBlocking(controller, (try Operand(source), try Operand(destination, .destination))) {
      (operands, activity) throws(ReflinkError) in
      try RangeCopy(from: operands.0, range, to: operands.1, at: offset, cloning, activity)
    }
  }

  /// Shares a range of an open file with a place in another, as `cloneRange`.
  public static func cloneRange(
    from source: FileDescriptor, range: Range<Int64>, to destination: FileDescriptor,
    at offset: Int64, controller: CopyController? = nil
  ) throws(ReflinkError) -> CopyOutcome {
    try copyRange(
      from: source, range: range, to: destination, at: offset, cloning: .required,
      controller: controller)
  }

  /// Copies a range of an open file to a place in another, as `copyRange`.
  public static func copyRange(
    from source: FileDescriptor, range: Range<Int64>, to destination: FileDescriptor,
    at offset: Int64, cloning: CopyOptions.Cloning = .preferred, controller: CopyController? = nil
  ) throws(ReflinkError) -> CopyOutcome {
    try runBlocking(controller, (try Operand(source), try Operand(destination, .destination))) {
      (operands, activity) throws(ReflinkError) in
      try RangeCopy(from: operands.0, range, to: operands.1, at: offset, cloning, activity)
    }
  }
}
