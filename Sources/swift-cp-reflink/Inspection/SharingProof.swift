import Reflink
import SystemPackage

/// What a copy shares with its source, by the extent maps of both.
struct SharingProof {
  let source: FilePath
  let copy: FilePath
  /// Of the copy.
  let account: SharingReport.Account
  let verdict: Verdict

  init(_ source: FilePath, _ copy: FilePath) throws(ReflinkError) {
    self.source = source
    self.copy = copy
    do throws(ReflinkError) {
      account = try Blocking.sharing(between: source, and: copy).second
      verdict = Verdict(account)
    } catch {
      guard error.code == .sameFile else { throw error }
      account = SharingReport.Account()
      verdict = .sameFile
    }
  }

  /// Raw values are the words of `--json`.
  enum Verdict: String {
    /// All data of the copy is the source's.
    case shared
    /// A part of it.
    case partlyShared
    case notShared
    /// It is kept in metadata, which nobody shares.
    case inline
    /// Nothing is there to be shared: empty, or one hole.
    case noData
    /// The file system does not tell.
    case unknown
    /// Two names of one file.
    case sameFile

    init(_ account: SharingReport.Account) {
      if account.unknown > 0 {
        self = .unknown
      } else if account.data == 0 {
        self = account.inline > 0 ? .inline : .noData
      } else if account.sharedWithEachOther == account.data {
        self = .shared
      } else {
        self = account.sharedWithEachOther > 0 ? .partlyShared : .notShared
      }
    }
  }

  /// Whether something provably is not shared.
  var isDisproof: Bool { verdict == .partlyShared || verdict == .notShared }

  var text: String {
    switch verdict {
    case .shared: "shared"
    case .partlyShared: "partly shared: \(account.sharedWithEachOther) of \(account.data) bytes"
    case .notShared: "not shared"
    case .inline: "inline"
    case .noData: "no data"
    case .unknown: "unknown"
    case .sameFile: "same file"
    }
  }

  var record: JSONObject {
    var record = Record.begin("sharing")
    record.add("source", path: source)
    record.add("destination", path: copy)
    record.add("verdict", verdict.rawValue)
    record.add("bytes", SharingTotals(account).record)
    return record
  }
}
