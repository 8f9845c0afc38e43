extension CopyOutcome: CustomStringConvertible {
  /// What a person wants to know: "1048576 bytes cloned"; "1000 bytes copied, 3096 bytes holes
  /// (not cloned: on another file system)".
  public var description: String {
    var parts: [String] = []
    for (bytes, what) in [
      (cloned, "cloned"), (inline, "kept in metadata"), (offloaded, "offloaded"),
      (copied, "copied"), (holes, "holes"),
    ] where bytes > 0 {
      parts.append("\(bytes) bytes \(what)")
    }
    var text = parts.isEmpty ? "no data" : parts.joined(separator: ", ")
    if let fallback { text += " (not cloned: \(fallback))" }
    return text
  }
}

extension CopyOutcome.Method: CustomStringConvertible {
  /// One word.
  public var description: String {
    switch self {
    case .cloned: "cloned"
    case .offloaded: "offloaded"
    case .copied: "copied"
    case .inline: "inline"
    case .nothing: "nothing"
    }
  }
}
