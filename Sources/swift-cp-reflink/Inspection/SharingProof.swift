import Reflink
import SystemPackage

/// What a copy shares with its source, by the extent maps of both.
struct SharingProof {
  let source: FilePath
  let copy: FilePath
  let report: SharingReport

  init(_ source: FilePath, _ copy: FilePath) throws(ReflinkError) {
    self.source = source
    self.copy = copy
    report = try Blocking.sharing(between: source, and: copy)
  }

  enum Verdict {
    /// All data of the copy is the source's.
    case shared
    /// A part of it.
    case partly
    case notShared
    /// It is kept in metadata, which nobody shares.
    case inline
    /// Nothing is there to be shared: empty, or one hole.
    case noData
    /// The file system does not tell.
    case unknown
  }

  var verdict: Verdict {
    let account = report.second
    if account.unknown > 0 { return .unknown }
    if account.data > 0 {
      if account.sharedWithEachOther == account.data { return .shared }
      return account.sharedWithEachOther > 0 ? .partly : .notShared
    }
    return account.inline > 0 ? .inline : .noData
  }

  /// Whether something provably is not shared.
  var isDisproof: Bool { verdict == .partly || verdict == .notShared }

  var text: String {
    let account = report.second
    return switch verdict {
    case .shared: "shared"
    case .partly: "partly shared: \(account.sharedWithEachOther) of \(account.data) bytes"
    case .notShared: "not shared"
    case .inline: "inline"
    case .noData: "no data"
    case .unknown: "unknown"
    }
  }

  var word: String {
    switch verdict {
    case .shared: "shared"
    case .partly: "partlyShared"
    case .notShared: "notShared"
    case .inline: "inline"
    case .noData: "noData"
    case .unknown: "unknown"
    }
  }

  var record: JSONObject { Self.record(source, copy, word, SharingTotals(report.second)) }

  /// Of two names of one file.
  static func sameFile(_ source: FilePath, _ copy: FilePath) -> JSONObject {
    record(source, copy, "sameFile", SharingTotals())
  }

  private static func record(
    _ source: FilePath, _ copy: FilePath, _ verdict: String, _ bytes: SharingTotals
  ) -> JSONObject {
    var record = Record.begin("sharing")
    record.add("source", path: source)
    record.add("destination", path: copy)
    record.add("verdict", verdict)
    record.add("bytes", bytes.record)
    return record
  }
}

/// Bytes of copies, by who else has them.
struct SharingTotals {
  private var files: Int64 = 0
  private var shared: Int64 = 0
  private var sharedWithOthers: Int64 = 0
  private var exclusive: Int64 = 0
  private var inline: Int64 = 0
  private var unknown: Int64 = 0

  init() {}

  init(_ account: SharingReport.Account) { add(account) }

  mutating func add(_ account: SharingReport.Account) {
    files += 1
    shared = shared.saturatingSum(account.sharedWithEachOther)
    sharedWithOthers = sharedWithOthers.saturatingSum(account.sharedWithOthers)
    exclusive = exclusive.saturatingSum(account.exclusive)
    inline = inline.saturatingSum(account.inline)
    unknown = unknown.saturatingSum(account.unknown)
  }

  /// "total: 3 files, 1.2 GiB shared, 0 B exclusive".
  var text: String {
    var parts = [
      files == 1 ? "1 file" : "\(files) files", "\(Units.bytes(shared)) shared",
      "\(Units.bytes(exclusive)) exclusive",
    ]
    if sharedWithOthers > 0 { parts.append("\(Units.bytes(sharedWithOthers)) shared with others") }
    if inline > 0 { parts.append("\(Units.bytes(inline)) inline") }
    if unknown > 0 { parts.append("\(Units.bytes(unknown)) unknown") }
    return "total: " + parts.joined(separator: ", ")
  }

  var record: JSONObject {
    var record = JSONObject()
    record.add("shared", shared)
    record.add("sharedWithOthers", sharedWithOthers)
    record.add("exclusive", exclusive)
    record.add("inline", inline)
    record.add("unknown", unknown)
    return record
  }

  var summary: JSONObject {
    var record = Record.begin("sharingSummary")
    record.add("files", files)
    record.add("bytes", self.record)
    return record
  }
}

extension Int64 {
  fileprivate func saturatingSum(_ other: Int64) -> Int64 {
    let (sum, isTooLarge) = addingReportingOverflow(other)
    return isTooLarge ? .max : sum
  }
}
