/// What one step of a job came to.
enum Step: Equatable {
  /// Some bytes further (or none, when it only changed its way).
  case advanced(Int64)
  /// Nothing to do before this.
  case waiting(Wait)
  case finished
}

/// What a job waits for: a descriptor to become ready, or a time to pass, whichever
/// is first.
struct Wait: Equatable {
  var descriptor: CInt = -1
  /// Ready for writing, not for reading.
  var forWriting = false
  var atMost: Duration
}

/// Long work in bounded steps, after the kernel's rule for copying a huge page:
/// one small page, then a look whether the turn has lasted long enough.
protocol Job: ~Copyable {
  /// Does one bounded amount of work. Never loops over a whole file, never sleeps.
  mutating func step() throws(SystemError) -> Step

  /// Ends the job early. It is not stepped again.
  mutating func cancel()

  /// How far it got, in bytes; may grow while it waits.
  var bytesDone: Int64 { get }
}
