// FICLONE in a child that can be killed.
//
// FICLONE does not look at signals while it runs: only the death of its process
// ends it. So a long one gets a process of its own, made by clone(2) with the
// memory and the descriptors of this one. The child runs on this thread's
// thread-local storage, errno among it, and therefore makes its calls by hand.
#include "platform.h"
#include "clone.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ioctls.h"
#include "result.h"

#if defined(__x86_64__)
#define HAVE_RAW_CALL 1
static inline long raw_call(long number, long a, long b, long c) {
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c)
                     : "rcx", "r11", "memory");
    return result;
}
#elif defined(__aarch64__)
#define HAVE_RAW_CALL 1
static inline long raw_call(long number, long a, long b, long c) {
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
    return x0;
}
#else
#define HAVE_RAW_CALL 0
#endif

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
// The sanitizer's own clone() takes every child for a fork, with memory of its own.
extern int __clone(int (*)(void *), void *, int, void *, ...);
#define clone __clone
#endif
#endif

// Linux 5.2 to 5.4, which older headers do not know: P_PIDFD of waitid(2) is 3.
#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x1000
#endif
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
enum { BY_PIDFD = 3 };

enum { STACK_BYTES = 64 * 1024, RUNNING = 1 };

struct creflink_clone_helper {
    // Descriptors of the helper's own: whatever becomes of those it was given, its numbers
    // mean these two files until it has ended.
    int destination, source;
    int pidfd;
    pid_t parent;
    atomic_int result;  // RUNNING, or what FICLONE returned
};

#if HAVE_RAW_CALL

#if defined(__clang__)
__attribute__((disable_sanitizer_instrumentation))
#endif
static int clone_file(void *argument) {
    struct creflink_clone_helper *helper = argument;
    raw_call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0);
    // The parent may have died before the line above.
    if (raw_call(SYS_getppid, 0, 0, 0) != helper->parent) return 0;
    long result = raw_call(SYS_ioctl, helper->destination, (long)CREFLINK_FICLONE, helper->source);
    atomic_store(&helper->result, (int)result);
    return 0;
}

// Whether a child would be in another pid namespace than this thread: the first one there
// is its init, and the namespace takes no process any more once that has ended. 0 or 1, or
// -errno where /proc does not tell.
static int children_have_own_namespace(void) {
    struct stat own, children;
    if (stat("/proc/thread-self/ns/pid", &own) < 0) return -errno;
    if (stat("/proc/thread-self/ns/pid_for_children", &children) < 0) return -errno;
    return own.st_ino != children.st_ino || own.st_dev != children.st_dev;
}

// waitid(2) by pidfd came with Linux 5.4; before that P_PIDFD is an invalid type.
static int can_wait_by_pidfd(void) {
    siginfo_t information;
    return waitid((idtype_t)BY_PIDFD, INT_MAX, &information, WEXITED | WNOHANG) == 0 || errno != EINVAL;
}

// Waits for the child to be gone: only then may its stack go. By pidfd: its number may be
// another process's by then. ECHILD: somebody else in this process has reaped it.
static void reap(int pidfd) {
    siginfo_t information;
    while (waitid((idtype_t)BY_PIDFD, (id_t)pidfd, &information, WEXITED | __WALL) < 0 && errno == EINTR) {
    }
}

// One mapping holds the record below and the child's stack above it.
static int release(struct creflink_clone_helper *helper) {
    int result = atomic_load(&helper->result);
    if (helper->pidfd >= 0) close(helper->pidfd);
    if (helper->destination >= 0) close(helper->destination);
    if (helper->source >= 0) close(helper->source);
    munmap(helper, STACK_BYTES);
    return result == RUNNING ? -ECANCELED : result;
}

int creflink_clone_helper_start(int destination, int source, struct creflink_clone_helper **result) {
    if (!can_wait_by_pidfd()) return -ENOSYS;
    int refused = children_have_own_namespace();
    if (refused != 0) return refused < 0 ? refused : -EPERM;
    void *memory = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (memory == MAP_FAILED) return -errno;
    struct creflink_clone_helper *helper = memory;
    helper->destination = RESULT(fcntl(destination, F_DUPFD_CLOEXEC, 0));
    helper->source = RESULT(fcntl(source, F_DUPFD_CLOEXEC, 0));
    helper->pidfd = -1;
    helper->parent = getpid();
    atomic_init(&helper->result, RUNNING);
    int error = helper->destination < 0 ? helper->destination
                                        : (helper->source < 0 ? helper->source : 0);
    if (error == 0) {
        sigset_t all, before;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        // No exit signal: the embedder's SIGCHLD handler and wait() never see it.
        int pid = RESULT(clone(clone_file, (char *)memory + STACK_BYTES,
                               CLONE_VM | CLONE_FILES | CLONE_PIDFD, helper, &helper->pidfd));
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (pid < 0) error = pid;
    }
    if (error < 0) {
        release(helper);
        return error;
    }
    *result = helper;
    return helper->pidfd;
}

int creflink_clone_helper_finish(struct creflink_clone_helper *helper) {
    reap(helper->pidfd);
    return release(helper);
}

void creflink_clone_helper_kill(struct creflink_clone_helper *helper) {
    syscall(SYS_pidfd_send_signal, helper->pidfd, SIGKILL, NULL, 0);
}

#else

int creflink_clone_helper_start(int destination, int source, struct creflink_clone_helper **helper) {
    (void)destination, (void)source, (void)helper;
    return -ENOSYS;
}
int creflink_clone_helper_finish(struct creflink_clone_helper *helper) {
    (void)helper;
    return -ENOSYS;
}
void creflink_clone_helper_kill(struct creflink_clone_helper *helper) { (void)helper; }

#endif
