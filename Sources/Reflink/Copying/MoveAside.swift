package import SystemPackage

/// Which other name a file gets that is to be kept.
package enum BackupNames: Sendable, Hashable {
  /// The name and this suffix.
  case simple(suffix: String)
  /// `.~1~`, `.~2~` and so on, after the highest that is there.
  case numbered
  /// Numbered where there are numbered ones, else simple.
  case numberedIfPresent(suffix: String)
}

extension EntryCopier {
  /// A file that was moved aside, to be put back if its successor fails.
  struct BackedUp {
    var name: FilePath
  }

  /// Renames what has the destination's name.
  func backUp(
    _ names: BackupNames, _ taken: EntryFacts.Destination, _ source: Location,
    _ destination: Location
  ) throws(ReflinkError) -> BackedUp {
    let directory = destination.directory
    let name = try attempt(.backUp, source, destination) { () throws(SystemError) in
      try names.backup(of: destination)
    }
    let isSource = try attempt(.backUp, source, destination) { () throws(SystemError) in
      try name.withName { (name) throws(SystemError) in
        let there = try directory.descriptor.statusIfPresent(of: name, follow: false)
        guard let there, case .exists(let existing) = taken else { return false }
        return there.identity == existing.sourceLink?.identity
      }
    }
    if isSource { throw refused(.backupIsSource, source, destination) }
    try attempt(.backUp, source, destination) { () throws(SystemError) in
      try name.withName { (name) throws(SystemError) in
        try directory.descriptor.rename(destination.name, to: name, replacing: true)
      }
    }
    tell(.backedUp(as: name), source, destination)
    return BackedUp(name: name)
  }

  /// After a failure: the old file has its name again, unless somebody took it.
  func putBack(_ moved: BackedUp, _ destination: Location) {
    let directory = destination.directory
    moved.name.withName { name in
      try? directory.descriptor.rename(name, to: destination.name, replacing: false)
    }
  }
}

extension BackupNames {
  /// The name that a copy of a regular file beside itself gets; nil for anything else.
  package func backup(of file: OperandPath) -> OperandPath? {
    file.withName { name in
      guard let status = try? Descriptor.currentDirectory.status(of: name, follow: true),
        status.type == .regular,
        let backup = try? backup(of: Location(.current, name))
      else { return nil }
      return OperandPath(backup)
    }
  }

  fileprivate func backup(of place: Location) throws(SystemError) -> FilePath {
    let path = place.name.path
    switch self {
    case .simple(let suffix): return path.withSuffix(suffix)
    case .numbered:
      return path.withSuffix(".~\(try highestBackup(of: place) + 1)~")
    case .numberedIfPresent(let suffix):
      let highest = try highestBackup(of: place)
      return path.withSuffix(highest > 0 ? ".~\(highest + 1)~" : suffix)
    }
  }

  /// The highest number N for which NAME.~N~ is there; 0 for none.
  private func highestBackup(of place: Location) throws(SystemError) -> UInt64 {
    let directory = try place.parent.withName { (parent) throws(SystemError) in
      try place.directory.descriptor.open(parent, .directory)
    }
    let prefix = (place.name.path.lastComponent?.string ?? "") + ".~"
    var highest: UInt64 = 0
    var batch = DirectoryBatch()
    while try batch.fill(from: directory) {
      while batch.advance() {
        let name = batch.name.path.string
        guard name.hasPrefix(prefix), name.hasSuffix("~") else { continue }
        if let number = UInt64(name.dropFirst(prefix.count).dropLast()) {
          highest = max(highest, number)
        }
      }
    }
    return highest
  }
}

extension FilePath {
  /// The path with something added to its last component, byte for byte.
  package func withSuffix(_ suffix: String) -> FilePath {
    var bytes = unsafe withPlatformString { start in
      unsafe Array(UnsafeBufferPointer(start: start, count: length))
    }
    bytes += suffix.utf8.map(CChar.init(bitPattern:)) + [0]
    return unsafe bytes.withUnsafeBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return self }
      return unsafe FilePath(platformString: start)
    }
  }
}
