import CReflink
import Reflink

/// What the command line asks for.
enum Request {
  case copy(Settings)
  case help(String)
  /// Wrong usage; a message unless getopt has said it already.
  case misuse(String?)
  /// No hint at the help for this one.
  case refused(String)
}

/// Reads the command line by getopt_long(3), which knows all of cp's grammar:
/// options after operands, `--`, bundles, abbreviations, optional arguments.
func parseArguments() -> Request {
  var state = OptionState()
  let options = Option.all
  // getopt's value for an option: its letter, or a number past all letters.
  // (one for all names of an option, else an abbreviation of two would be ambiguous).
  let values = options.map { CInt($0.short?.value ?? 256 + UInt32($0.meaning.rawValue)) }
  let shorts = shortOptions(options)
  let longs = unsafe longOptions(options, values, isOwn: false)
  let owns = unsafe longOptions(options, values, isOwn: true)

  var count: CInt = 0
  guard let arguments = unsafe creflink_arguments(&count) else {
    return .misuse("the arguments are not known")
  }
  var argument: UnsafePointer<CChar>?
  while true {
    let value = unsafe creflink_next_option(count, arguments, shorts, longs, owns, &argument)
    if value == -1 { break }
    guard let index = values.firstIndex(of: value) else { return .misuse(nil) }
    let text = unsafe argument.map { unsafe OwnedName(copying: $0) }
    switch state.apply(options[index].meaning, text) {
    case .continue: break
    case .end(let request): return request
    }
  }
  // getopt never says more than there are.
  for index in min(Int(creflink_first_operand()), Int(count))..<Int(count) {
    if let operand = unsafe arguments[index] {
      state.settings.operands.append(unsafe OwnedName(copying: operand))
    }
  }
  return state.settled()
}

private func shortOptions(_ options: [Option]) -> [CChar] {
  var text: [CChar] = []
  for option in options {
    guard let short = option.short else { continue }
    text.append(CChar(short.value))
    switch option.argument {
    case .none: break
    case .required: text.append(0x3A)
    case .optional: text += [0x3A, 0x3A]
    }
  }
  return text + [0]
}

private func longOptions(
  _ options: [Option], _ values: [CInt], isOwn: Bool
) -> [creflink_option] {
  var table: [creflink_option] = unsafe []
  for (option, value) in zip(options, values) where option.isOwn == isOwn {
    guard let long = option.long else { continue }
    let argument =
      switch option.argument {
      case .none: CREFLINK_ARGUMENT_NONE
      case .required: CREFLINK_ARGUMENT_REQUIRED
      case .optional: CREFLINK_ARGUMENT_OPTIONAL
      }
    // A literal's bytes are there for good, and end with a NUL.
    let name = unsafe UnsafeRawPointer(long.utf8Start).assumingMemoryBound(to: CChar.self)
    unsafe table.append(
      creflink_option(name: name, argument: CInt(argument.rawValue), flag: nil, value: value))
  }
  unsafe table.append(creflink_option(name: nil, argument: 0, flag: nil, value: 0))
  return unsafe table
}

extension OwnedName {
  fileprivate init(copying text: UnsafePointer<CChar>) {
    var bytes: [CChar] = []
    var next = unsafe text
    while unsafe next.pointee != 0 {
      bytes.append(unsafe next.pointee)
      unsafe next += 1
    }
    self.init(bytes: bytes + [0])
  }
}
