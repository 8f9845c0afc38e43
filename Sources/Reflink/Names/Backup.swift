import SystemPackage

/// Which other name a file gets that is to be kept.
package enum BackupNames: Sendable, Hashable {
  /// The name and this suffix. An older backup of that name goes.
  case simple(suffix: OwnedName)
  /// `.~1~`, `.~2~` and so on, after the highest that is there. None is ever overwritten.
  case numbered
  /// Numbered where there are numbered ones, else simple.
  case numberedIfPresent(suffix: OwnedName)
}

extension BackupNames {
  /// The path that a backup of a regular file would get now; nil for anything else.
  package func backup(of file: OwnedName) -> OwnedName? {
    do throws(SystemError) {
      let location = try OwnedLocation(resolving: file)
      let name = try location.with { (location) throws(SystemError) -> OwnedName? in
        guard try location.status(follow: true).type == .regular else { return nil }
        return try self.name(for: location)
      }
      return name.map { location.directory.path.bytes(appending: $0) }
    } catch {
      return nil
    }
  }
}

/// What got another name.
struct Backup {
  let name: OwnedName
  /// Whether it still has its old name too: it was linked, not renamed.
  var leavesName = false

  /// Gives it its name again, unless somebody took it. False where that failed.
  func putBack(at destination: Location) -> Bool {
    if leavesName { return true }
    do throws(SystemError) {
      try name.with { (name) throws(SystemError) in
        let directory = destination.directory
        do throws(SystemError) {
          try directory.descriptor.rename(name, to: destination.name, replacing: false)
        } catch {
          guard error.errno == .invalidArgument else { throw error }
          try directory.descriptor.moveToFreeName(name, destination.name)
        }
      }
      return true
    } catch {
      return false
    }
  }
}

extension BackupNames {
  /// The name that a backup of `location` would get now.
  func name(for location: Location) throws(SystemError) -> OwnedName {
    switch self {
    case .simple(let suffix): return location.baseName.appending(suffix)
    case .numbered: return location.baseName.numbered(try highestBackup(of: location).next)
    case .numberedIfPresent(let suffix):
      let highest = try highestBackup(of: location)
      return highest.isZero
        ? location.baseName.appending(suffix) : location.baseName.numbered(highest.next)
    }
  }

  /// Gives what has this name another one.
  func backUp(_ location: Location, isDirectory: Bool) throws(SystemError) -> Backup {
    let directory = location.directory
    if case .simple(let suffix) = self {
      let name = location.baseName.appending(suffix)
      try name.with { (name) throws(SystemError) in
        try directory.descriptor.rename(location.name, to: name, replacing: true)
      }
      return Backup(name: name)
    }
    var number = try highestBackup(of: location)
    if number.isZero, case .numberedIfPresent(let suffix) = self {
      return try BackupNames.simple(suffix: suffix).backUp(location, isDirectory: isDirectory)
    }
    while true {
      number = number.next
      let name = location.baseName.numbered(number)
      do throws(SystemError) {
        let leavesName = try name.with { (name) throws(SystemError) in
          try Self.keep(location, as: name, isDirectory)
        }
        return Backup(name: name, leavesName: leavesName)
      } catch {
        // Another process, or another copy of this one, was faster. A name that had to be
        // shortened is the same for every number.
        guard error.errno == .fileExists, name.isNumbered else { throw error }
      }
    }
  }

  /// Renames to a name that must be free; where the file system cannot do that at once (FUSE),
  /// links. Returns whether the old name is still there.
  private static func keep(
    _ location: Location, as name: Name, _ isDirectory: Bool
  ) throws(SystemError) -> Bool {
    let directory = location.directory
    do throws(SystemError) {
      try directory.descriptor.rename(location.name, to: name, replacing: false)
      return false
    } catch {
      guard error.errno == .invalidArgument else { throw error }
    }
    if isDirectory {
      // Without the flag: a directory replaces nothing but an empty directory.
      try directory.descriptor.rename(location.name, to: name, replacing: true)
      return false
    }
    do throws(SystemError) {
      try directory.descriptor.link(location.name, as: name)
      return true
    } catch {
      if error.errno == .fileExists { throw error }
    }
    try directory.descriptor.moveToFreeName(location.name, name)
    return false
  }

  /// The highest number N for which NAME.~N~ is there; 0 for none.
  private func highestBackup(of location: Location) throws(SystemError) -> DecimalNumber {
    // Listing needs more than a reference. Where it is not permitted no number is known, and
    // the first that is free is taken.
    let opened: Descriptor
    do throws(SystemError) {
      opened = try location.directory.open(.dot, .directory)
    } catch {
      guard error.errno == .permissionDenied else { throw error }
      return DecimalNumber()
    }
    let listing = opened
    let prefix = location.baseName.text + OwnedName(".~").text
    var highest = DecimalNumber()
    var names = NameBuffer()
    while try names.fill(from: listing) {
      while names.advance() {
        let text = OwnedName(names.name).text
        guard text.count > prefix.count, text.starts(with: prefix), text.last == 0x7E else {
          continue
        }
        let digits = text[prefix.count..<text.count - 1]
        if let number = DecimalNumber(digits), number > highest { highest = number }
      }
    }
    return highest
  }
}

/// A whole number of any length: what a directory's names say may be larger than any integer.
private struct DecimalNumber: Comparable {
  /// ASCII digits, the first not 0; none for 0.
  private var digits: [CChar] = []

  init() {}

  /// Nil for what is no number, or begins with 0.
  init?(_ text: ArraySlice<CChar>) {
    guard let first = text.first, first != 0x30, text.allSatisfy({ (0x30...0x39).contains($0) })
    else { return nil }
    digits = Array(text)
  }

  var isZero: Bool { digits.isEmpty }
  var text: [CChar] { digits }

  var next: DecimalNumber {
    var next = self
    var index = next.digits.count
    while index > 0 {
      index -= 1
      if next.digits[index] < 0x39 {
        next.digits[index] += 1
        return next
      }
      next.digits[index] = 0x30
    }
    next.digits.insert(0x31, at: 0)
    return next
  }

  static func < (a: DecimalNumber, b: DecimalNumber) -> Bool {
    if a.digits.count != b.digits.count { return a.digits.count < b.digits.count }
    return a.digits.lexicographicallyPrecedes(b.digits)
  }
}

extension Location {
  /// The name without slashes at its end.
  fileprivate var baseName: OwnedName { OwnedName(name).withoutTrailingSlashes }
}

extension OwnedName {
  /// Of a backup, in bytes: one less than a name may have, as other cps make them.
  private static var maxLength: Int { 254 }

  fileprivate func appending(_ suffix: OwnedName) -> OwnedName {
    extended(by: suffix.text)
  }

  fileprivate func numbered(_ number: DecimalNumber) -> OwnedName {
    extended(by: [0x2E, 0x7E] + number.text + [0x7E])
  }

  /// With a suffix; where that would be too long, as much as fits and a tilde.
  private func extended(by suffix: [CChar]) -> OwnedName {
    if count + suffix.count <= Self.maxLength { return OwnedName(text + suffix) }
    return OwnedName(text.prefix(Self.maxLength - 1) + [0x7E])
  }

  /// Whether it ends as a numbered backup does.
  fileprivate var isNumbered: Bool {
    let text = text
    guard text.last == 0x7E, let end = text.dropLast().lastIndex(of: 0x7E), end > 0 else {
      return false
    }
    return text[end - 1] == 0x2E && end + 2 < text.count
  }
}
