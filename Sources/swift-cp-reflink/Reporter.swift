import Reflink
import SystemPackage

/// Writes what happens, as far as it was asked for: `-v`, `--debug`, and errors always.
final class Reporter {
  private let tells: Settings.Tells
  private(set) var output: Output

  init(_ settings: Settings, _ output: Output) {
    tells = settings.tells
    self.output = output
  }

  /// For the copy to tell.
  var listener: (TreeEvent) -> Void {
    { event in
      switch event {
      case .done(let outcome, let source, let destination):
        self.tell(outcome, source, destination)
      case .failed(let error):
        self.tell(error)
      }
    }
  }

  func tell(_ error: ReflinkError) {
    output.complain(message(for: error))
  }

  private func tell(_ outcome: EntryOutcome, _ source: FilePath, _ destination: FilePath) {
    guard tells >= .names else { return }
    if case .skipped = outcome {
      if tells >= .methods { output.write("skipped \(Quoting.name(destination))\n") }
      return
    }
    if case .folder(isNew: false) = outcome { return }
    output.write("\(Quoting.name(source)) -> \(Quoting.name(destination))\n")
    if tells >= .methods, case .file(let file) = outcome {
      output.write(describe(file))
    }
  }

  private func describe(_ outcome: CopyOutcome) -> String {
    var text =
      "copy offload: \(word(outcome.offload)), reflink: \(word(outcome.clone)), "
      + "sparse detection: \(outcome.sparseDetection)\n"
    if case .refused(let cause) = outcome.clone { text += "not cloned: \(cause)\n" }
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
