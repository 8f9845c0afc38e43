import CCommand
import Glibc
import SystemPackage

@testable import Reflink

/// What libFuzzer calls with bytes of its own; REFLINK_FUZZ_TARGET chooses what they are given to.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
  switch target {
  case "options": fuzzOptions(bytes)
  case "sizes": _ = byteCount(String(decoding: bytes, as: UTF8.self))
  case "quoting": fuzzQuoting(bytes)
  case "filters": fuzzFilters(bytes)
  case "extents": fuzzExtents(bytes)
  case "ranges": fuzzRanges(bytes)
  default:
    fatalError("REFLINK_FUZZ_TARGET is none of options, sizes, quoting, filters, extents, ranges")
  }
  return 0
}

/// What the package manager makes of main(), which libFuzzer would bring.
@_cdecl("reflink_fuzz_main")
public func fuzzMain(
  _ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
) -> CInt {
  var count = count
  var arguments = unsafe arguments
  return unsafe runDriver(&count, &arguments, fuzzOne)
}

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ count: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ one: @convention(c) (UnsafePointer<UInt8>, Int) -> CInt
) -> CInt

private let target: String =
  unsafe getenv("REFLINK_FUZZ_TARGET").map { unsafe String(cString: $0) } ?? ""

/// Arguments, each ended by a NUL.
private func fuzzOptions(_ bytes: [UInt8]) {
  let words =
    ["cp"] + bytes.split(separator: 0).prefix(64).map { String(decoding: $0, as: UTF8.self) }
  var arguments: [UnsafeMutablePointer<CChar>?] = unsafe words.map { unsafe strdup($0) } + [nil]
  unsafe arguments.withUnsafeMutableBufferPointer { buffer in
    unsafe ccommand_set_arguments(CInt(words.count), buffer.baseAddress)
    if case .copy(let settings) = parseArguments() {
      for index in 0..<settings.operands.count { _ = settings.operands[index].count }
    }
  }
  unsafe arguments.forEach { unsafe free($0) }
}

/// What is quoted has no control character, and begins and ends with a quote.
private func fuzzQuoting(_ bytes: [UInt8]) {
  let name = OwnedName(bytes.filter { $0 != 0 }.map(CChar.init(bitPattern:)))
  let quoted = Quoting.name(name)
  precondition(quoted.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 127 })
  _ = Quoting.ifNeeded(name)
}

/// Patterns, then names, each ended by a NUL.
private func fuzzFilters(_ bytes: [UInt8]) {
  let words = bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
  let rules = words.prefix(4).map { EntryFilter.Rule.exclude($0) }
  guard let filter = CompiledFilter(EntryFilter(Array(rules))) else { return }
  for word in words.dropFirst(4).prefix(8) {
    let name = OwnedName(Array(word.utf8CString.dropLast()))
    _ = filter.excludes(name, path: { name }, isDirectory: { word.count % 2 == 0 })
  }
}

/// Numbers of eight bytes: extents as a file system might tell them, of two files.
private func fuzzExtents(_ bytes: [UInt8]) {
  var numbers = bytes.chunked.makeIterator()
  func map() -> ExtentMap {
    var extents: [ExtentMap.Extent] = []
    for _ in 0..<6 {
      guard let start = numbers.next(), let length = numbers.next(), let place = numbers.next()
      else { break }
      let extent = Descriptor.Extent(
        logical: start, length: length, physical: place,
        flags: UInt32(truncatingIfNeeded: place >> 3))
      extents.append(
        ExtentMap.Extent(range: extent.range, kind: extent.kind(from: extent.range.lowerBound)))
    }
    return ExtentMap(extents: extents)
  }
  let (first, second) = (map(), map())
  _ = (
    first.size, first.shared, first.exclusive, first.inline, first.unwritten, first.holes,
    first.unknown
  )
  var accounting = SharingAccounting(first, second, onOneFileSystem: true)
  while accounting.step() {}
  _ = accounting.report.verdict
}

/// Two numbers for a range, one for an offset, one for the size of the source, one for the unit.
private func fuzzRanges(_ bytes: [UInt8]) {
  let numbers = bytes.chunked
  guard numbers.count >= 4 else { return }
  let (a, b) = (Int64(bitPattern: numbers[0]), Int64(bitPattern: numbers[1]))
  let range = min(a, b)..<max(a, b)
  // An empty file without a name: whatever is asked for is refused, or done.
  let source = "/dev/shm/reflink-fuzz-source", destination = "/dev/shm/reflink-fuzz-destination"
  _ = try? Blocking.copyRange(
    from: FilePath(source), range: range, to: FilePath(destination),
    at: Int64(bitPattern: numbers[2]), cloning: numbers[3] % 2 == 0 ? .preferred : .never)
}

extension [UInt8] {
  fileprivate var chunked: [UInt64] {
    stride(from: 0, to: count - count % 8, by: 8).map { start in
      self[start..<start + 8].reduce(0) { $0 << 8 | UInt64($1) }
    }
  }
}
