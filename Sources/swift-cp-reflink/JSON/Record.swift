import CCommand
import Glibc
import Reflink
import SystemPackage

/// The lines of `--json`. What they hold is said in `Schemas/json.schema.json`.
enum Record {
  /// Grows when a member changes its meaning or goes; not when one comes.
  static let version: Int64 = 1

  static func begin(_ kind: String) -> JSONObject {
    var record = JSONObject()
    record.add("version", version)
    record.add("record", kind)
    return record
  }

  static func entry(
    _ outcome: EntryOutcome, _ source: FilePath, _ destination: FilePath, at time: String
  ) -> JSONObject {
    var record = begin("entry")
    record.add("source", path: source)
    record.add("destination", path: destination)
    switch outcome {
    case .file(let file):
      record.add("type", "file")
      record.add("action", "copied")
      record.add(file)
    case .hardLink: record.add(type: "hardLink", "made")
    case .symbolicLink: record.add(type: "symbolicLink", "made")
    case .special: record.add(type: "special", "made")
    case .directory(let isNew): record.add(type: "directory", isNew ? "made" : "entered")
    case .parentDirectory: record.add(type: "directory", "made")
    case .skipped(let skipped):
      if let type = skipped.type { record.add("type", type.word) }
      record.add("action", "skipped")
      if skipped.isDifferent { record.add("keptDifferent", true) }
      var bytes = JSONObject()
      bytes.add("skipped", skipped.bytes)
      record.add("bytes", bytes)
    case .excluded: record.add("action", "excluded")
    case .removed: record.add("action", "removed")
    case .backedUp(let name):
      record.add("action", "backedUp")
      record.add("backup", path: name)
    @unknown default: record.add("action", "other")
    }
    record.add("time", time)
    return record
  }

  static func repetition(
    _ source: FilePath, _ destination: FilePath, at time: String
  ) -> JSONObject {
    var record = begin("entry")
    record.add("source", path: source)
    record.add("destination", path: destination)
    record.add("action", "repeated")
    record.add("time", time)
    return record
  }

  static func error(_ error: ReflinkError, _ message: String, at time: String) -> JSONObject {
    var record = begin("error")
    record.add("source", path: error.source)
    if let destination = error.destination { record.add("destination", path: destination) }
    record.add("message", message)
    if let errno = error.errno { record.add("errno", errno.name) }
    if let reason = error.reason { record.add("reason", reason) }
    if let leftover = error.leftover { record.add("leftover", path: leftover) }
    if error.bytesDone > 0 { record.add("bytesDone", error.bytesDone) }
    if let rest = error.bytesRemaining { record.add("bytesRemaining", rest) }
    record.add("time", time)
    return record
  }

  static func fallback(_ cause: FallbackCause, advice: String? = nil) -> JSONObject {
    var fallback = JSONObject()
    fallback.add("cause", cause.word)
    if let errno = cause.errno { fallback.add("errno", errno.name) }
    fallback.add("text", cause.description)
    if let advice { fallback.add("advice", advice) }
    return fallback
  }

  static func error(_ message: String, at time: String) -> JSONObject {
    var record = begin("error")
    record.add("message", message)
    record.add("time", time)
    return record
  }

  static func summary(
    _ outcome: TreeOutcome, failures: Int, succeeded: Bool, from start: String, to end: String,
    _ duration: Duration
  ) -> JSONObject {
    var record = begin("summary")
    record.add("succeeded", succeeded)
    record.add("files", Int64(outcome.files))
    record.add("directories", Int64(outcome.directories))
    record.add("hardLinks", Int64(outcome.hardLinks))
    record.add("symbolicLinks", Int64(outcome.symbolicLinks))
    record.add("specialFiles", Int64(outcome.specialFiles))
    record.add("skipped", Int64(outcome.skipped))
    record.add("excluded", Int64(outcome.excluded))
    record.add("failures", Int64(failures))
    var bytes = JSONObject()
    bytes.add("cloned", outcome.cloned)
    bytes.add("offloaded", outcome.offloaded)
    bytes.add("copied", outcome.copied)
    bytes.add("holes", outcome.holes)
    bytes.add("skipped", outcome.bytesSkipped)
    record.add("bytes", bytes)
    if outcome.filesUnchanged + outcome.filesUpdated > 0 {
      var update = JSONObject()
      update.add("filesUnchanged", Int64(outcome.filesUnchanged))
      update.add("filesUpdated", Int64(outcome.filesUpdated))
      update.add(outcome.updates)
      record.add("update", update)
    }
    record.add("started", start)
    record.add("ended", end)
    record.add("seconds", duration)
    return record
  }
}

extension JSONObject {
  fileprivate mutating func add(_ update: CopyOutcome.Update) {
    add("equalByProof", update.equalByProof)
    add("equalByComparison", update.equalByComparison)
    add("written", update.written)
    add("punched", update.punched)
    add("read", update.read)
  }

  fileprivate mutating func add(type: String, _ action: String) {
    add("type", type)
    add("action", action)
  }

  fileprivate mutating func add(_ file: CopyOutcome) {
    add("method", file.method.description)
    var bytes = JSONObject()
    bytes.add("cloned", file.cloned)
    bytes.add("inline", file.inline)
    bytes.add("offloaded", file.offloaded)
    bytes.add("copied", file.copied)
    bytes.add("holes", file.holes)
    add("bytes", bytes)
    if let update = file.update {
      if let earlier = update.earlier { add("basedOn", path: earlier) }
      var object = JSONObject()
      object.add("unchanged", update.isUnchanged)
      object.add(update)
      add("update", object)
    }
    if let cause = file.fallback { add("fallback", Record.fallback(cause)) }
    if file.sourceChanged { add("sourceChanged", true) }
    if let change = file.noCopyOnWrite { add("nocow", change == .set ? "set" : "cleared") }
    if let duration = file.duration { add("seconds", duration) }
  }
}

extension FileType {
  fileprivate var word: String {
    switch self {
    case .regular: "file"
    case .directory: "directory"
    case .symbolicLink: "symbolicLink"
    default: "special"
    }
  }
}

/// The time of day in UTC, as RFC 3339 has it.
func currentTimeText() -> String {
  unsafe String(unsafeUninitializedCapacity: Int(CCOMMAND_TIME_SIZE)) { buffer in
    unsafe buffer.withMemoryRebound(to: CChar.self) { text in
      guard let start = text.baseAddress else { return 0 }
      unsafe ccommand_current_time(start)
      return unsafe strlen(start)
    }
  }
}
