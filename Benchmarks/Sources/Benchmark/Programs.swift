import Glibc
import SystemPackage

/// Runs a program to its end and says how many seconds it took; stops the benchmark when it fails, since a time of a
/// failure means nothing.
@discardableResult
func run(_ arguments: [String]) -> Double {
  var pointers = arguments.map { strdup($0) } + [nil]
  defer { pointers.forEach { free($0) } }
  var pid: pid_t = 0
  let start = ContinuousClock.now
  let error = posix_spawn(&pid, arguments[0], nil, nil, &pointers, environ)
  guard error == 0 else { stop("cannot start \(arguments[0])") }
  var status: CInt = 0
  waitpid(pid, &status, 0)
  let time = ContinuousClock.now - start
  guard status == 0 else { stop("\(arguments.joined(separator: " ")): status \(status)") }
  return time.seconds
}

/// What a program prints.
func output(of command: String) -> String {
  guard let pipe = popen(command, "r") else { stop("cannot start \(command)") }
  var text: [UInt8] = []
  while case let byte = fgetc(pipe), byte != EOF { text.append(UInt8(byte)) }
  pclose(pipe)
  return String(decoding: text, as: UTF8.self)
}

func stop(_ message: String) -> Never {
  note("benchmark: \(message)")
  exit(1)
}

/// What goes on, on standard error.
func note(_ message: String) {
  let line = message + "\n"
  _ = line.withCString { write(2, $0, strlen($0)) }
}

extension Duration {
  var seconds: Double {
    Double(components.seconds) + Double(components.attoseconds) / 1e18
  }
}

extension [Double] {
  var median: Double {
    let values = sorted()
    return values.isEmpty ? 0 : (values[(count - 1) / 2] + values[count / 2]) / 2
  }

  func percentile(_ share: Double) -> Double {
    let values = sorted()
    return values.isEmpty ? 0 : values[Swift.min(Int(Double(count) * share), count - 1)]
  }
}
