import CCommand
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
  let tables = unsafe GetoptTables()
  defer { unsafe tables.deallocate() }
  guard let arguments = unsafe Argument.all else {
    return .misuse("the arguments are not known")
  }
  var argument: UnsafePointer<CChar>?
  while true {
    let value = unsafe ccommand_next_option(
      Argument.count, arguments, tables.shorts, tables.longs, tables.owns, &argument)
    if value == -1 { break }
    guard let meaning = Option.meaning(of: value) else { return .misuse(nil) }
    let text = unsafe argument.map { unsafe OwnedName(copying: $0) }
    switch state.apply(meaning, text) {
    case .continue: break
    case .end(let request): return request
    }
  }
  state.settings.operands = .all
  return state.settled()
}

/// Whether `--json` is on the command line, also behind an option that is wrong.
var asksForRecords: Bool {
  guard let arguments = unsafe Argument.all else { return false }
  for index in 1..<max(Int(Argument.count), 1) {
    guard let argument = unsafe arguments[index] else { return false }
    switch unsafe OwnedName(copying: argument) {
    case OwnedName("--json"): return true
    case OwnedName("--"): return false
    default: continue
    }
  }
  return false
}

/// The arguments, as main() gets them.
private enum Argument {
  static var count: CInt {
    var count: CInt = 0
    _ = unsafe ccommand_arguments(&count)
    return count
  }

  static var all: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? {
    var count: CInt = 0
    return unsafe ccommand_arguments(&count)
  }
}

/// The operands, each read from the command line when it is asked for.
struct Operands {
  static var none: Operands { Operands(first: 0, count: 0) }

  private let first: Int
  private(set) var count: Int

  /// Those that getopt leaves behind the options, once it has come to their end.
  fileprivate static var all: Operands {
    let first = Int(ccommand_first_operand())
    return Operands(first: first, count: max(Int(Argument.count) - first, 0))
  }

  subscript(index: Int) -> OwnedName {
    guard index < count, let text = unsafe Argument.all?[first + index] else {
      preconditionFailure("the arguments end behind the last operand")
    }
    return unsafe OwnedName(copying: text)
  }

  mutating func removeLast() -> OwnedName {
    defer { count -= 1 }
    return self[count - 1]
  }
}

extension Option {
  /// getopt's value for the option: its letter, or a number past all letters (one for all
  /// names of an option, else an abbreviation of two would be ambiguous).
  private var value: CInt { CInt(short?.value ?? 256 + UInt32(meaning.rawValue)) }

  fileprivate static func meaning(of value: CInt) -> Meaning? {
    for index in all.indices where all[index].value == value { return all[index].meaning }
    return nil
  }
}

/// The options as getopt wants them.
@unsafe private struct GetoptTables {
  /// Each letter, with a colon behind it for an argument, and two for an optional one.
  let shorts: UnsafeMutablePointer<CChar>
  /// cp's own long options; the last one has no name.
  let longs: UnsafeMutablePointer<ccommand_option>
  /// Those that count only when written in full, likewise.
  let owns: UnsafeMutablePointer<ccommand_option>

  init() {
    let room = Option.all.count + 1
    unsafe (shorts, longs, owns) = (
      .allocate(capacity: 3 * room), .allocate(capacity: room), .allocate(capacity: room)
    )
    unsafe shorts.initialize(repeating: 0, count: 3 * room)
    let none = unsafe ccommand_option(name: nil, argument: 0, flag: nil, value: 0)
    unsafe longs.initialize(repeating: none, count: room)
    unsafe owns.initialize(repeating: none, count: room)
    unsafe fill()
  }

  private func fill() {
    var (short, long, own) = unsafe (shorts, longs, owns)
    for index in Option.all.indices {
      let option = Option.all[index]
      if let letter = option.short {
        unsafe short.pointee = CChar(letter.value)
        unsafe short += 1
        for _ in 0..<option.argument.kind.rawValue {
          unsafe short.pointee = 0x3A
          unsafe short += 1
        }
      }
      guard let entry = unsafe option.entry else { continue }
      if option.isOwn {
        unsafe own.pointee = entry
        unsafe own += 1
      } else {
        unsafe long.pointee = entry
        unsafe long += 1
      }
    }
  }

  func deallocate() {
    unsafe shorts.deallocate()
    unsafe longs.deallocate()
    unsafe owns.deallocate()
  }
}

extension Option {
  /// Its line in a table of long options.
  fileprivate var entry: ccommand_option? {
    guard let long else { return nil }
    // A literal's bytes are there for good, and end with a NUL.
    let name = unsafe UnsafeRawPointer(long.utf8Start).assumingMemoryBound(to: CChar.self)
    return unsafe ccommand_option(
      name: name, argument: CInt(argument.kind.rawValue), flag: nil, value: value)
  }
}

extension Option.Argument {
  /// Which counts the colons of a short option too.
  fileprivate var kind: ccommand_argument {
    switch self {
    case .none: CCOMMAND_ARGUMENT_NONE
    case .required: CCOMMAND_ARGUMENT_REQUIRED
    case .optional: CCOMMAND_ARGUMENT_OPTIONAL
    }
  }
}
