/// Waiting for descriptors, for a time, and for each other.
#ifndef CREFLINK_WAITING_H
#define CREFLINK_WAITING_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/// What a descriptor is to be ready for (a negative one: nothing), and whether it is.
struct creflink_readiness {
    int descriptor;
    bool for_writing;
    bool is_ready;
};

/// ppoll(2) on at most 64 descriptors, at most `nanoseconds`; a negative time has no end.
/// An error or a hang-up counts as ready: the call that follows tells. Returns how many
/// are ready, 0 when the time is over, -EINTR.
int creflink_wait(struct creflink_readiness *awaited, size_t count, int64_t nanoseconds);

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
