import CReflink
import Reflink
import SystemPackage

/// The command from its arguments to its exit status.
enum Command {
  static func run() -> CInt {
    // A write past the process's size limit is then an error to report, not a death.
    creflink_ignore_file_size_signal()
    var output = Output()
    var succeeded = false
    switch parseArguments() {
    case .help(let text):
      output.write(text)
      succeeded = true
    case .misuse(let message):
      if let message { output.complain(message) }
      output.write("Try '\(Output.programName) --help' for more information.\n", to: .error)
    case .copy(let settings):
      succeeded = copy(settings, &output)
    }
    return output.finish() && succeeded ? 0 : 1
  }

  private static func copy(_ settings: Settings, _ output: inout Output) -> Bool {
    let pairs: [OperandPair]
    switch pairOperands(settings) {
    case .pairs(let found): pairs = found
    case .misuse(let message):
      output.complain(message)
      output.write("Try '\(Output.programName) --help' for more information.\n", to: .error)
      return false
    case .refused(let message):
      output.complain(message)
      return false
    }

    let reporter = Reporter(settings, output)
    var copier = TreeCopier(
      options: settings.copyOptions, decide: settings.rules.decide, onFailure: .goOn,
      listener: reporter.listener)
    for pair in pairs {
      do throws(ReflinkError) {
        try copier.copy(pair.source, to: pair.destination, in: pair.folder)
      } catch {
        reporter.tell(error)
      }
    }
    output = reporter.output
    return copier.outcome.failures == 0
  }
}

func exit(withStatus status: CInt) -> Never {
  creflink_exit(status)
}
