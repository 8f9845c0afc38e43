/// Adds up what two files share, a bounded number of extents in each step.
struct SharingAccounting: Sendable {
  private let maps: [ExtentMap]
  private var places = [SharedPlaces(), SharedPlaces()]
  private var accounts = [SharingReport.Account(), SharingReport.Account()]
  /// The places of both files are collected, then each is held against the other's.
  private var pass: Int
  /// The extent that is next in this pass.
  private var next = 0

  /// - Parameter isOne: whether both are on one file system; only there does a place mean
  ///   the same for both.
  init(_ first: ExtentMap, _ second: ExtentMap, onOneFileSystem isOne: Bool) {
    maps = [first, second]
    pass = isOne ? 0 : 2
  }

  private static var batch: Int { 512 }

  /// False at the end.
  mutating func step() -> Bool {
    guard pass < 4 else { return false }
    let file = pass % 2
    let extents = maps[file].extents
    let batch = extents[next..<min(next + Self.batch, extents.count)]
    for extent in batch {
      if pass < 2 {
        places[file].insert(extent)
      } else {
        accounts[file].add(extent, against: &places[1 - file])
      }
    }
    next = batch.endIndex
    if next == extents.count {
      pass += 1
      next = 0
    }
    return true
  }

  /// Valid once `step` said that there is no more.
  var report: SharingReport { SharingReport(first: accounts[0], second: accounts[1]) }
}

extension SharingReport.Account {
  fileprivate mutating func add(_ extent: ExtentMap.Extent, against other: inout SharedPlaces) {
    switch extent.kind {
    case .inline: inline = inline.saturatingAdd(extent.length)
    case .unwritten: unwritten = unwritten.saturatingAdd(extent.length)
    case .hole: holes = holes.saturatingAdd(extent.length)
    case .unknown: unknown = unknown.saturatingAdd(extent.length)
    case .data(_, isShared: false, _):
      exclusive = exclusive.saturatingAdd(extent.length)
    case .data(let place, isShared: true, let isEncoded):
      let common =
        isEncoded
        ? other.encoded(at: place, extent)
        : other.plain(in: extent.places(from: place))
      sharedWithEachOther = sharedWithEachOther.saturatingAdd(common)
      sharedWithOthers = sharedWithOthers.saturatingAdd(
        extent.length.saturatingSubtract(common))
    }
  }
}
