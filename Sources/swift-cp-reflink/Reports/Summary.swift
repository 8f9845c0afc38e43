import Reflink

extension TreeOutcome {
  /// The whole for people: "3 files cloned (1.2 GiB), 17 copied (300 KiB; 17 on another file system),
  /// 2 directories".
  var summary: String {
    var parts: [String] = []
    let others = files - filesCloned
    let isOfFiles = directories + symbolicLinks + hardLinks + specialFiles + skipped == 0
    if filesCloned > 0 || (others == 0 && isOfFiles) {
      parts.append("\(Self.count(filesCloned)) cloned (\(Units.bytes(cloned)))")
    }
    if others > 0 {
      var reasons = [Units.bytes(offloaded.saturatingAdd(copied))]
      for (count, cause) in [
        (filesOnOtherFileSystem, FallbackCause.otherFileSystem.description),
        (filesNotSupported, FallbackCause.notSupported.description),
        (filesRefused, "refused"),
      ] where count > 0 { reasons.append("\(count) \(cause)") }
      parts.append("\(Self.count(others)) copied (\(reasons.joined(separator: "; ")))")
    }
    if filesUnchanged > 0 { parts.append("\(filesUnchanged) unchanged") }
    if filesUpdated > 0 {
      parts.append(
        "\(filesUpdated) brought up to date (\(Units.bytes(updates.written)) written, "
          + "\(Units.bytes(updates.read)) read)")
    }
    for (count, what) in [
      (directories, directories == 1 ? "directory" : "directories"),
      (symbolicLinks, symbolicLinks == 1 ? "symbolic link" : "symbolic links"),
      (hardLinks, hardLinks == 1 ? "hard link" : "hard links"),
      (specialFiles, specialFiles == 1 ? "special file" : "special files"),
      (skipped, "skipped"), (excluded, "excluded"), (failures, "failed"),
    ] where count > 0 { parts.append("\(count) \(what)") }
    return parts.joined(separator: ", ")
  }

  private static func count(_ files: Int) -> String { files == 1 ? "1 file" : "\(files) files" }
}
