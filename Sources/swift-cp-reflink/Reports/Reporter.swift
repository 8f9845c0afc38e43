import CCommand
import Glibc
import Reflink
import Synchronization
import SystemPackage

/// Writes what happens, as far as it was asked for: `-v`, `--debug`, `--json`, and errors always.
final class Reporter: Sendable {
  private let verbosity: Settings.Verbosity
  /// `--json`: what makes the records of standard output; lines for people go to standard error then.
  private let records: RecordWriter?
  /// Whether people look on: with `-v` or `-g`, and a terminal.
  private let isWatched: Bool
  /// For `-v`, where they do.
  private let pairs: FileSystemPairs?
  private let output = Mutex(Output())
  private let current: Mutex<OperandPair>
  /// Other names that were given, until what took the place is told.
  private let backups = Mutex<[FilePath: FilePath]>([:])

  init(_ settings: Settings, _ first: OperandPair) {
    verbosity = settings.verbosity
    records = settings.writesRecords ? RecordWriter() : nil
    isWatched =
      settings.progress == .always
      || ((settings.verbosity >= .names || settings.progress == .onTerminal)
        && ccommand_terminal_columns(STDERR_FILENO) >= 0)
    pairs = isWatched && verbosity >= .names ? FileSystemPairs() : nil
    current = Mutex(first)
  }

  /// For a command that ends before it has copied anything.
  convenience init(_ settings: Settings) {
    self.init(settings, OperandPair(source: OwnedName(""), destination: OwnedName("")))
  }

  /// The operands that are being copied, which messages show as they were given.
  var operands: OperandPair {
    get { current.withLock { $0 } }
    set { current.withLock { $0 = newValue } }
  }

  /// Tells the whole, where somebody asked for it.
  func summarize(_ outcome: TreeOutcome, succeeded: Bool) {
    if let records {
      output.withLock { $0.write(records.summary(outcome, succeeded: succeeded)) }
    }
    let entries = outcome.directories + outcome.files + outcome.skipped + outcome.failures
    if isWatched, entries > 1 {
      output.withLock { $0.write(outcome.summary + "\n", to: .error) }
    }
  }

  /// Sends what is left; see `Output.finish`.
  func finish() -> Bool {
    // Nobody reads any more.
    if ccommand_received_signal() == SIGPIPE { return false }
    return output.withLock { $0.finish() }
  }

  /// For the copy to tell of each entry; nil when nobody asked.
  func listener(_ sharing: SharingCheck?) -> EntryListener? {
    if verbosity == .nothing, records == nil, sharing == nil { return nil }
    return { outcome, source, destination in
      if let records = self.records {
        self.output.withLock { $0.write(records.entry(outcome, source, destination)) }
      }
      if self.verbosity >= .names { self.tell(outcome, source, destination) }
      if case .file(let file) = outcome {
        self.warn(file, source, destination)
        if file.fallback != .notRegular { sharing?.remember(source, destination) }
      }
    }
  }

  /// Asks on standard error, and reads the answer from standard input.
  func ask(_ question: Question, force: Bool) -> Bool {
    let name = operands.shown(destination: question.destination)
    let existing = question.existing.target ?? question.existing.link
    let text: String
    if question.existing.isWritable {
      text = "overwrite \(name)? "
    } else {
      let octal = String(existing.permissions.rawValue, radix: 8)
      let mode = String(repeating: "0", count: max(4 - octal.count, 0)) + octal
      let rights = existing.permissions.letters
      text =
        force
        ? "replace \(name), overriding mode \(mode) (\(rights))? "
        : "unwritable \(name) (mode \(mode), \(rights)); try anyway? "
    }
    return output.withLock {
      $0.write("\(Output.programName): \(text)", to: .error)
      return $0.readAnswer()
    }
  }

  /// Tells people once of two file systems that nothing is cloned between them.
  private func warn(_ file: CopyOutcome, _ source: FilePath, _ destination: FilePath) {
    // Other causes are of this one file.
    guard let pairs, let cause = file.fallback,
      cause == .otherFileSystem || cause == .notSupported, pairs.isNew(source, destination)
    else { return }
    say(
      "\(operands.shown(source: source)) and what follows between the same two file systems is copied,"
        + " not cloned: \(cause)")
  }

  /// What was asked for: a record where those are written, else a line.
  func tell(text: @autoclosure () -> String, record: @autoclosure () -> JSONObject) {
    output.withLock {
      if let records {
        $0.write(records.line(for: record()))
      } else {
        $0.write(text())
      }
    }
  }

  /// A failure that is none of one entry.
  func refuse(_ message: String) {
    output.withLock {
      if let records { $0.write(records.error(message)) }
      $0.complain(message)
    }
  }

  /// An operand that was given before: nothing is done, and nothing has failed.
  func tellRepetition(of pair: OperandPair, _ warning: String) {
    output.withLock {
      if let records {
        $0.write(records.repetition(pair.source.path, pair.destination.path))
      }
      $0.complain(warning)
    }
  }

  /// A warning, or another message that names no failure.
  func say(_ message: String) {
    output.withLock { $0.complain(message) }
  }

  /// The line about how far it is, on a terminal; nil where there is to be none.
  func show(status: String?) {
    output.withLock { $0.show(status: status) }
  }

  /// The same as a line that stays.
  func say(status: String) {
    output.withLock { $0.write(status + "\n", to: .error) }
  }

  func tell(_ error: ReflinkError) {
    // Nothing is said of a copy that a signal ends.
    if error.code == .cancelled, Interruption.ofCommand.isSet { return }
    let operands = operands
    let message = message(for: error, in: operands)
    let line = error.isOfBegunCopy && verbosity >= .names ? line(for: error, operands) : ""
    output.withLock {
      if let records { $0.write(records.error(error, message)) }
      // Who declined knows; a program does not.
      if error.operation == .refuse(.declined) { return }
      $0.write(line, to: stream)
      $0.complain(message)
    }
  }

  /// What -v says of an entry before anything can go wrong with it: as cp, which writes the
  /// line first. A directory's was written when it was made.
  private func line(for error: ReflinkError, _ operands: OperandPair) -> String {
    guard let destination = error.destination else { return "" }
    // One that cannot be read was made, and not told.
    if error.operation != .readDirectory,
      case .directory = Directory.open(OwnedName(destination))
    {
      return ""
    }
    return
      "\(operands.shown(source: error.source)) -> \(operands.shown(destination: destination))\n"
  }

  private func tell(_ outcome: EntryOutcome, _ source: FilePath, _ destination: FilePath) {
    let operands = operands
    var text = ""
    switch outcome {
    case .skipped:
      if verbosity >= .methods { text = "skipped \(operands.shown(destination: destination))\n" }
    case .directory(isNew: false), .excluded:
      break
    case .parentDirectory:
      text = "\(Quoting.ifNeeded(source)) -> \(Quoting.ifNeeded(destination))\n"
    case .removed:
      text = "removed \(operands.shown(destination: destination))\n"
    case .backedUp(let name):
      backups.withLock { $0[destination] = name }
    default:
      text = "\(operands.shown(source: source)) -> \(operands.shown(destination: destination))"
      if let backup = backups.withLock({ $0.removeValue(forKey: destination) }) {
        text += " (backup: \(operands.shown(destination: backup)))"
      }
      text += "\n"
      if verbosity >= .methods, case .file(let file) = outcome {
        text += describe(file)
        if file.sourceChanged {
          text += "\(operands.shown(source: source)) changed while it was copied\n"
        }
      }
    }
    if !text.isEmpty { output.withLock { $0.write(text, to: stream) } }
  }

  /// Where lines for people go.
  private var stream: Output.Stream { records == nil ? .output : .error }

  private func describe(_ outcome: CopyOutcome) -> String {
    // Attributes alone: no data was to go anywhere.
    if outcome.clone == .notTried { return "" }
    var text =
      "copy offload: \(word(outcome.offload)), reflink: \(outcome.clone == .avoided ? "no" : word(outcome.clone)), "
      + "sparse detection: \(outcome.sparseDetection)\n"
    if case .refused(let cause) = outcome.clone { text += "not cloned: \(cause)\n" }
    if outcome.inline > 0 { text += "not shared: kept in metadata, as the source is\n" }
    if let update = outcome.update { text += describe(update, outcome) }
    switch outcome.noCopyOnWrite {
    case .set: text += "NOCOW set on the copy, as on the source\n"
    case .cleared: text += "NOCOW cleared on the copy, as on the source\n"
    case nil: break
    }
    if case .helperRefused(let errno) = outcome.execution {
      text += "cloned without a helper process: \(errorText(errno.rawValue))\n"
    }
    return text
  }
}

extension Reporter {
  private func describe(_ update: CopyOutcome.Update, _ outcome: CopyOutcome) -> String {
    let name = update.earlier.map { Quoting.name(OwnedName($0)) } ?? ""
    if update.isUnchanged, outcome.clone != .worked {
      return "copied from \(name), which has not changed\n"
    }
    func blocks(_ bytes: Int64) -> Int64 { bytes / 4096 + (bytes % 4096 > 0 ? 1 : 0) }
    return
      "based on \(name): \(blocks(update.written)) of \(blocks(outcome.total)) blocks written, "
      + "\(blocks(update.read)) read\n"
  }

  private func word(_ attempt: CopyOutcome.Attempt) -> String {
    switch attempt {
    case .notTried: "unknown"
    case .avoided: "avoided"
    case .refused: "unsupported"
    case .worked: "yes"
    }
  }
}

extension CopyOutcome {
  fileprivate var sparseDetection: String {
    switch (foundHolesBySeeking, searchedForZeros) {
    case (true, true): "SEEK_HOLE + zeros"
    case (true, false): "SEEK_HOLE"
    case (false, true): "zeros"
    case (false, false): clone == .worked ? "unknown" : "no"
    }
  }
}
