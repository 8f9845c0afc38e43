import CCommand
import Glibc
import Reflink
import SystemPackage

/// The command from its arguments to its exit status.
enum Command {
  static func run() -> CInt {
    ccommand_occupy_standard_streams()
    if let variable = unsafe ccommand_run_preloaded() {
      return unsafe tellRefusal(
        "\(String(cString: variable)) is set, which a static program does not notice: install the "
          + "dynamic command too, as ../libexec/swift-cp-reflink (Scripts/install), or unset it",
        asRecords: asksForRecords)
    }
    // Made before a handler needs it.
    _ = Interruption.ofCommand.isSet
    ccommand_catch_ending_signals { Interruption.ofCommand.set() }
    // A write past the process's size limit is then an error to report, not a death.
    _ = signal(SIGXFSZ, SIG_IGN)
    switch parseArguments() {
    case .help(let text):
      var output = Output()
      output.write(text)
      return output.finish() ? 0 : 1
    case .misuse(let message):
      return tellMisuse(message, asRecords: asksForRecords)
    case .refused(let message):
      return tellRefusal(message, asRecords: asksForRecords)
    case .copy(let settings):
      if settings.task != .copy { return inspect(settings) }
      if let fault = settings.earlier.fault() {
        return tellRefusal(fault, asRecords: settings.writesRecords)
      }
      switch pairOperands(settings) {
      case .pairs(let pairs):
        let succeeded = copy(pairs, settings)
        endBySignal()
        return succeeded ? 0 : 1
      case .misuse(let message):
        return tellMisuse(message, asRecords: settings.writesRecords)
      case .refused(let message):
        return tellRefusal(message, asRecords: settings.writesRecords)
      }
    }
  }

  /// What cannot be done, before anything was.
  private static func tellRefusal(_ message: String, asRecords: Bool) -> CInt {
    var output = Output()
    if asRecords { writeRecords(of: message, to: &output) }
    output.complain(message)
    _ = output.finish()
    return 1
  }

  /// Likewise, where it is the command line that is wrong; nil where getopt has said how.
  private static func tellMisuse(_ message: String?, asRecords: Bool) -> CInt {
    var output = Output()
    if asRecords { writeRecords(of: message ?? "wrong option; see standard error", to: &output) }
    if let message { output.complain(message) }
    output.write("Try '\(Output.programName) --help' for more information.\n", to: .error)
    _ = output.finish()
    return 1
  }

  /// One error, and the summary of nothing.
  private static func writeRecords(of message: String, to output: inout Output) {
    let records = RecordWriter()
    output.write(records.error(message))
    output.write(records.summary(TreeOutcome(), succeeded: false))
  }

  /// `-bf x x` makes a backup of x, and leaves x alone.
  private static func backUpItself(_ pairs: inout OperandPairs, _ rules: inout CopyRules) {
    guard rules.force, let names = rules.backups, case .name(let name) = pairs.target else {
      return
    }
    let source = pairs[0].source
    guard source == name, let backup = names.backup(of: source) else { return }
    pairs.target = .name(backup)
    rules.backups = nil
  }

  /// `--probe`, `--sharing` and `--dedupe`: nothing is copied.
  private static func inspect(_ settings: Settings) -> CInt {
    let operands = settings.operands
    if operands.count != 2 {
      let message =
        switch operands.count {
        case 0: "missing file operand"
        case 1: "missing operand after \(Quoting.name(operands[0]))"
        default: "extra operand \(Quoting.name(operands[2]))"
        }
      return tellMisuse(message, asRecords: settings.writesRecords)
    }
    // Nobody answers them here.
    if settings.progress != .never { ccommand_hold_display_signals() }
    let reporter = Reporter(settings)
    var succeeded = false
    switch settings.task {
    case .sharing, .copy:
      let sharing = SharingCheck(reporter)
      sharing.compare(operands[0], operands[1], settings)
      sharing.tellTotals()
      succeeded = !sharing.hasFailed
    case .dedupe:
      let deduplicating = Deduplicating(reporter, settings)
      deduplicating.deduplicate(operands[0], operands[1], settings)
      deduplicating.tellTotal()
      succeeded = !deduplicating.hasFailed
    case .probe:
      do throws(ReflinkError) {
        let probing = try Probing(operands[0], operands[1])
        reporter.tell(text: probing.text, record: probing.record)
        succeeded = probing.canClone
      } catch {
        reporter.tell(error)
      }
    }
    let isWritten = reporter.finish()
    endBySignal()
    return isWritten && succeeded ? 0 : 1
  }

  /// Where one has come.
  private static func endBySignal() {
    let signal = ccommand_received_signal()
    if signal != 0 { ccommand_end_by_signal(signal) }
  }

  private static func copy(_ pairs: OperandPairs, _ settings: Settings) -> Bool {
    var (pairs, settings) = (pairs, settings)
    backUpItself(&pairs, &settings.rules)
    if settings.copyOptions.pace.priority == .background { standBack() }
    let reporter = Reporter(settings, pairs[0])
    // Never given back, as the process ends with it: destroying a dictionary puts its
    // type together at run time, which takes as long as half a small clone.
    _ = unsafe Unmanaged.passRetained(reporter)
    // Records tell how long each file took, which only a controller measures.
    let controller =
      settings.progress == .never && !settings.writesRecords ? nil : CopyController()
    let display = controller.flatMap { ProgressDisplay(settings.progress, $0, reporter) }
    defer { display?.finish() }
    if let controller, display != nil { countAhead(pairs, settings, controller) }
    let sharing = settings.verifiesSharing ? SharingCheck(reporter) : nil
    let force = settings.rules.force || settings.rules.removesDestination
    var ask: (@Sendable (Question) -> Bool)?
    if settings.rules.asks { ask = { reporter.ask($0, force: force) } }
    var copier = TreeCopier(
      settings.makesSnapshots
        ? .snapshots(settings.copyOptions)
        : .copies(settings.copyOptions, settings.rules.decide, reporter.tell),
      listener: reporter.listener(sharing),
      ask: ask, remembersCreated: pairs.count > 1, filter: settings.filter,
      controller: controller, interruption: .ofCommand,
      workers: ask == nil ? .own(settings.workers) : .caller)
    var succeeded = true
    var seen = Repetitions()
    for index in 0..<pairs.count where !Interruption.ofCommand.isSet {
      let pair = pairs[index]
      reporter.operands = pair
      let identity =
        pairs.count > 1
        ? EntryIdentity(pair.source, follow: settings.copyOptions.symbolicLinks != .copy) : nil
      if let identity, let warning = seen.warning(pair.source, identity, settings.rules) {
        reporter.tellRepetition(of: pair, warning)
        continue
      }
      do throws(ReflinkError) {
        let isCopied: Bool
        if pair.withParents, let directory = pair.directory {
          isCopied = try copier.copyWithParents(
            pair.source, into: directory, basedOn: settings.earlier.basis(of: pair))
        } else {
          isCopied = try copier.copy(
            pair.source, to: pair.destination, in: pair.directory,
            basedOn: settings.earlier.basis(of: pair))
        }
        if let identity { seen.reached(identity, isCopied: isCopied) }
      } catch {
        reporter.tell(error)
        succeeded = false
      }
    }
    do throws(ReflinkError) {
      if !Interruption.ofCommand.isSet { try copier.finish() }
    } catch {
      reporter.tell(error)
      succeeded = false
    }
    display?.finish()
    succeeded = succeeded && copier.outcome.failures == 0
    // Of a snapshot that failed nothing is left to look at.
    if let sharing, !Interruption.ofCommand.isSet, succeeded || !settings.makesSnapshots {
      sharing.checkRemembered()
      sharing.tellTotals()
      let isBroken = settings.copyOptions.cloning == .required && sharing.isDisproved
      succeeded = succeeded && !isBroken && !sharing.hasFailed
    }
    reporter.summarize(copier.outcome, succeeded: succeeded && !Interruption.ofCommand.isSet)
    return reporter.finish() && succeeded
  }

  /// Counts the whole by a thread of its own once the copies have lasted, where it is not one file:
  /// what is over sooner needs no forecast.
  private static func countAhead(
    _ pairs: OperandPairs, _ settings: Settings, _ controller: CopyController
  ) {
    let entersDirectories = settings.rules.recursive || settings.makesSnapshots
    guard entersDirectories || pairs.count > 1 else { return }
    var options = settings.copyOptions
    if settings.makesSnapshots { options.symbolicLinks = .copy }
    var rules = settings.rules
    rules.recursive = entersDirectories
    controller.expectUnknown()
    _ = startThreadIfPossible { [options, rules] in
      ccommand_lower_thread_priority()
      usleep(1_000_000)
      controller.countAhead(
        (0..<pairs.count).map { pairs[$0].source }, options, settings.filter, decide: rules.decide)
    }
  }
}

extension Interruption {
  /// Set by the signals that end the command.
  static let ofCommand = Interruption()
}
