import CReflink

/// Where threads wait for an event; futex(2).
///
/// Look at the generation, then at what the event changes, then wait for the generation
/// to pass: an event in between is not missed.
// The word lives as long as the gate, and is touched by atomic operations only.
@safe final class Gate: @unchecked Sendable {
  private let gate = unsafe creflink_make_gate()

  deinit { unsafe creflink_free_gate(gate) }

  var generation: UInt32 { unsafe creflink_gate_generation(gate) }

  func wait(past generation: UInt32) { unsafe creflink_gate_wait(gate, generation) }

  func open(for count: Int) { unsafe creflink_gate_open(gate, CInt(clamping: count)) }
}
