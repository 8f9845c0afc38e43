#include "platform.h"

#include "waiting.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "result.h"

// Of <linux/futex.h>, which musl does not bring: FUTEX_WAIT and FUTEX_WAKE, both with
// FUTEX_PRIVATE_FLAG.
enum { FUTEX_WAIT_PRIVATE_ = 0 | 128, FUTEX_WAKE_PRIVATE_ = 1 | 128 };

int creflink_wait(int descriptor, bool for_writing, int64_t nanoseconds) {
    struct pollfd request = {.fd = descriptor, .events = for_writing ? POLLOUT : POLLIN};
    struct timespec time = {(time_t)(nanoseconds / 1000000000), (long)(nanoseconds % 1000000000)};
    return RESULT(ppoll(&request, 1, &time, NULL));
}

int creflink_make_poll(void) {
    return RESULT(epoll_create1(EPOLL_CLOEXEC));
}

int creflink_poll_add(int poll, int descriptor, bool for_writing, bool once, uint64_t token) {
    struct epoll_event event = {
        .events = (for_writing ? EPOLLOUT : EPOLLIN) | (once ? EPOLLONESHOT : 0),
        .data.u64 = token,
    };
    return RESULT(epoll_ctl(poll, EPOLL_CTL_ADD, descriptor, &event));
}

int creflink_poll_remove(int poll, int descriptor) {
    struct epoll_event ignored = {0};  // kernels before 2.6.9 want one
    return RESULT(epoll_ctl(poll, EPOLL_CTL_DEL, descriptor, &ignored));
}

int creflink_poll_wait(int poll, uint64_t *tokens, int capacity, int milliseconds) {
    struct epoll_event events[64];
    if (capacity > 64) capacity = 64;
    int count = RESULT(epoll_wait(poll, events, capacity, milliseconds));
    for (int i = 0; i < count; i++) tokens[i] = events[i].data.u64;
    return count;
}

int creflink_make_event(void) {
    return RESULT(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

int creflink_event_signal(int event) {
    uint64_t once = 1;
    return write(event, &once, sizeof once) < 0 ? -errno : 0;
}

int creflink_event_drain(int event) {
    uint64_t value;
    return read(event, &value, sizeof value) < 0 ? -errno : 0;
}

struct creflink_event_count {
    uint32_t value;
};

struct creflink_event_count *creflink_make_event_count(void) {
    struct creflink_event_count *count = calloc(1, sizeof *count);
    if (count == NULL) abort();  // as Swift's own allocations do
    return count;
}

void creflink_free_event_count(struct creflink_event_count *count) {
    free(count);
}

uint32_t creflink_event_count_read(const struct creflink_event_count *count) {
    return __atomic_load_n(&count->value, __ATOMIC_ACQUIRE);
}

void creflink_event_count_wait(struct creflink_event_count *count, uint32_t seen, int milliseconds) {
    struct timespec limit = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
    syscall(SYS_futex, &count->value, FUTEX_WAIT_PRIVATE_, seen, milliseconds < 0 ? NULL : &limit, NULL, 0);
}

void creflink_event_count_advance(struct creflink_event_count *count, int threads) {
    __atomic_add_fetch(&count->value, 1, __ATOMIC_RELEASE);
    syscall(SYS_futex, &count->value, FUTEX_WAKE_PRIVATE_, threads, NULL, NULL, 0);
}
