import Reflink

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
    shared = shared.saturatingAdd(account.sharedWithEachOther)
    sharedWithOthers = sharedWithOthers.saturatingAdd(account.sharedWithOthers)
    exclusive = exclusive.saturatingAdd(account.exclusive)
    inline = inline.saturatingAdd(account.inline)
    unknown = unknown.saturatingAdd(account.unknown)
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
