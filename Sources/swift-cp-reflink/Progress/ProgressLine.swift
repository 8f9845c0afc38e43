import Reflink
import SystemPackage

/// One line about how far the copies are.
struct ProgressLine {
  var progress: CopyProgress
  /// Bytes in a second, lately; nil where it is not known yet.
  var rate: Double?
  var isUTF8 = Locale.isUTF8

  /// In so many columns at most; what matters less is left out. Nil for any width.
  func text(columns: Int? = nil) -> String {
    var shown: [Part] = []
    var room = columns ?? .max
    for part in Part.byImportance {
      guard let text = text(of: part) else { continue }
      let width = TextWidth.columns(text) + 2
      guard width <= room else { break }
      room -= width
      shown.append(part)
    }
    var line = ""
    for part in Part.allCases where shown.contains(part) {
      if !line.isEmpty { line += part == .whole ? " " : "  " }
      line += text(of: part) ?? ""
    }
    // What is left of a name has to say something.
    guard let name, room >= 12 + TextWidth.columns(verb) else { return line }
    let ellipsis = isUTF8 ? "…" : "..."
    let shownName = TextWidth.tail(
      name, columns: room - TextWidth.columns(verb), ellipsis: ellipsis)
    return "\(line)  \(verb)\(shownName)"
  }

  /// In the order in which they are shown.
  private enum Part: CaseIterable {
    case percent, bytes, whole, files, update, rate, left

    static var byImportance: [Part] { [.percent, .bytes, .rate, .left, .whole, .files, .update] }
  }

  private func text(of part: Part) -> String? {
    // Links and attributes alone: files were completed, and no data moved.
    let hasData = progress.bytesDone > 0 || progress.filesDone == 0
    switch part {
    case .bytes where !hasData, .whole where !hasData, .rate where !hasData, .left where !hasData:
      return nil
    case .percent:
      guard let fraction = progress.fraction else { return nil }
      // Not rounded up: 100 % is the end.
      let percent = Int(fraction * 100)
      return percent < 10 ? "  \(percent)%" : percent < 100 ? " \(percent)%" : "\(percent)%"
    case .bytes: return Units.bytes(progress.bytesDone)
    case .whole:
      guard let expected = progress.bytesExpected else { return nil }
      return "of \(Units.bytes(expected))"
    case .files:
      if let expected = progress.filesExpected {
        return expected > 1 ? "\(progress.filesDone)/\(expected) files" : nil
      }
      return progress.filesDone > 0 ? "\(progress.filesDone) files" : nil
    case .update:
      guard progress.bytesCompared > 0 else { return nil }
      return
        "\(Units.bytes(progress.bytesCompared)) read, \(Units.bytes(progress.bytesUpdated)) written"
    case .rate: return rate.map { "\(Units.bytes(Int64(clamping: $0)))/s" }
    case .left:
      guard let rate, rate > 0, let expected = progress.bytesExpected else { return nil }
      let rest = Double(expected) - Double(progress.bytesDone) - Double(progress.bytesSkipped)
      return rest > 0 ? "\(Units.time(rest / rate)) left" : nil
    }
  }

  /// The file that was begun last.
  private var name: String? {
    progress.currentPath.map { Quoting.ifNeeded($0).withoutFormats }
  }

  /// How its data moves.
  private var verb: String {
    switch progress.method {
    case .cloned, .inline: "cloning "
    case .offloaded, .copied: "copying "
    default: ""
    }
  }
}

extension String {
  /// Without what has no width and turns the direction of what follows.
  fileprivate var withoutFormats: String {
    String(
      String.UnicodeScalarView(
        unicodeScalars.filter { $0.isASCII || $0.properties.generalCategory != .format }))
  }
}

extension Int64 {
  fileprivate init(clamping value: Double) {
    self = value >= 9e18 ? .max : value > 0 ? Int64(value) : 0
  }
}

/// How fast data moves lately: of what came since the last reading, weighed by time.
struct RateEstimate {
  private(set) var rate: Double?
  private var last: (seconds: Double, bytes: Int64) = (0, 0)

  /// Over how many seconds it looks back.
  private static var memory: Double { 3 }

  mutating func add(_ bytes: Int64, at seconds: Double) {
    defer { last = (seconds, bytes) }
    guard seconds > last.seconds else { return }
    let step = seconds - last.seconds
    let now = max(Double(bytes) - Double(last.bytes), 0) / step
    guard let rate else { return self.rate = now }
    let weight = step / (step + Self.memory)
    self.rate = rate + weight * (now - rate)
  }
}
