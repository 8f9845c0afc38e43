/// Waiting for descriptors, for a time, and for each other.
#ifndef CREFLINK_WAITING_H
#define CREFLINK_WAITING_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/// ppoll(2) for reading on one descriptor (a negative one: only the time), at most
/// `nanoseconds`; a negative time has no end. Returns 1 when readable, 0 when the time
/// is over, -EINTR.
int creflink_wait(int descriptor, int64_t nanoseconds);

/// The same on several descriptors, at most 64 of them; `readable` tells of each.
int creflink_wait_any(const int *descriptors, size_t count, int64_t nanoseconds, bool *readable);

/// eventfd(2) that does not block: readable from a ring until it is heard.
int creflink_make_bell(void);
int creflink_ring(int bell);
int creflink_hear(int bell);

/// A place to wait for an event, by futex(2). Whoever saw generation N and waits for
/// it to pass is not missed, and nobody who comes later takes a waking from it.
struct creflink_gate;
struct creflink_gate *creflink_make_gate(void);
void creflink_free_gate(struct creflink_gate *gate);
uint32_t creflink_gate_generation(const struct creflink_gate *gate);
/// Returns at once when the generation is another already; may return early.
void creflink_gate_wait(struct creflink_gate *gate, uint32_t generation);
/// The next generation; wakes so many of those that wait.
void creflink_gate_open(struct creflink_gate *gate, int count);

#endif
