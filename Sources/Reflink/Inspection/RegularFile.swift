import SystemPackage

/// An open regular file, to be looked at.
struct RegularFile: ~Copyable, Sendable {
  let descriptor: Descriptor
  let status: FileStatus

  /// Opens what a caller named; for anything but a regular file the code is `wrongType`.
  static func open(_ operand: Operand) throws(ReflinkError) -> RegularFile {
    do throws(SystemError) {
      let file = try describe(operand)
      guard file.status.type == .regular else {
        throw SystemError(call: .extents, errno: .invalidArgument)
      }
      return file
    } catch {
      var failure = error.during(error.call == .open ? .open(.source) : .inspect, operand.path)
      if error.call == .extents { failure.code = .wrongType }
      throw failure
    }
  }

  private static func describe(_ operand: Operand) throws(SystemError) -> RegularFile {
    let file = try operand.open(.nonBlocking)
    let status = try file.status()
    return RegularFile(descriptor: file, status: status)
  }
}
