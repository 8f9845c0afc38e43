#define _GNU_SOURCE
#include "waiting.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "result.h"

enum { MOST = 64 };

// Of <linux/futex.h>, which musl does not bring.
enum { FUTEX_WAIT_HERE = 0 | 128, FUTEX_WAKE_HERE = 1 | 128 };

int creflink_wait(struct creflink_readiness *awaited, size_t count, int64_t nanoseconds) {
    struct pollfd requests[MOST];
    if (count > MOST) return -EINVAL;
    for (size_t i = 0; i < count; i++) {
        short event = awaited[i].for_writing ? POLLOUT : POLLIN;
        requests[i] = (struct pollfd){.fd = awaited[i].descriptor, .events = event};
        awaited[i].is_ready = false;
    }
    struct timespec time = {nanoseconds / 1000000000, nanoseconds % 1000000000};
    int result = RESULT(ppoll(requests, count, nanoseconds < 0 ? NULL : &time, NULL));
    if (result > 0)
        for (size_t i = 0; i < count; i++) awaited[i].is_ready = requests[i].revents != 0;
    return result;
}

int creflink_make_bell(void) {
    return RESULT(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

int creflink_ring(int bell) {
    uint64_t once = 1;
    return write(bell, &once, sizeof once) < 0 ? -errno : 0;
}

int creflink_hear(int bell) {
    uint64_t value;
    return read(bell, &value, sizeof value) < 0 ? -errno : 0;
}

struct creflink_gate {
    uint32_t generation;
};

struct creflink_gate *creflink_make_gate(void) {
    struct creflink_gate *gate = calloc(1, sizeof *gate);
    if (gate == NULL) abort();  // as Swift's own allocations do
    return gate;
}

void creflink_free_gate(struct creflink_gate *gate) {
    free(gate);
}

uint32_t creflink_gate_generation(const struct creflink_gate *gate) {
    return __atomic_load_n(&gate->generation, __ATOMIC_ACQUIRE);
}

void creflink_gate_wait(struct creflink_gate *gate, uint32_t generation) {
    syscall(SYS_futex, &gate->generation, FUTEX_WAIT_HERE, generation, NULL, NULL, 0);
}

void creflink_gate_open(struct creflink_gate *gate, int count) {
    __atomic_add_fetch(&gate->generation, 1, __ATOMIC_RELEASE);
    syscall(SYS_futex, &gate->generation, FUTEX_WAKE_HERE, count, NULL, NULL, 0);
}
