/// Waiting for descriptors, for a time, and for other threads.
#ifndef CREFLINK_WAITING_H
#define CREFLINK_WAITING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// ppoll(2) on one descriptor (a negative one: none), at most `nanoseconds`. An error or a
/// hang-up counts as ready: the call that follows tells. Returns 1 when it is ready, 0 when
/// the time is over; -EINTR, or another errno where ppoll itself fails.
int creflink_wait(int descriptor, bool for_writing, int64_t nanoseconds);

/// epoll_create1(2).
int creflink_make_poll(void);

/// epoll_ctl(2): reports `descriptor` while it is readable (or writable), or `once`, as
/// `token`. -EPERM for what is always ready (a regular file).
int creflink_poll_add(int poll, int descriptor, bool for_writing, bool once, uint64_t token);

/// epoll_ctl(2): forgets a descriptor. To be called before it is closed.
int creflink_poll_remove(int poll, int descriptor);

/// epoll_wait(2): stores the tokens of what is ready. `milliseconds` < 0 has no end.
/// Returns how many were stored, 0 when the time is over, -EINTR.
int creflink_poll_wait(int poll, uint64_t *tokens, int capacity, int milliseconds);

/// eventfd(2) that does not block: readable from a signal on, until it is drained.
int creflink_make_event(void);
int creflink_event_signal(int event);
int creflink_event_drain(int event);

/// An event count for threads, by futex(2): whoever read count N and waits for it to pass
/// misses no advance that came in between.
struct creflink_event_count;
struct creflink_event_count *creflink_make_event_count(void);
void creflink_free_event_count(struct creflink_event_count *count);
uint32_t creflink_event_count_read(const struct creflink_event_count *count);
/// Returns at once when the count has passed `seen`; may return early.
void creflink_event_count_wait(struct creflink_event_count *count, uint32_t seen, int milliseconds);
/// Adds one, and wakes at most `threads` of those that wait.
void creflink_event_count_advance(struct creflink_event_count *count, int threads);

#endif
