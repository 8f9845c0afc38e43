// FICLONE in a child that can be killed.
//
// FICLONE does not look at signals while it runs: only the death of its process
// ends it. So a long one gets a process of its own, made by clone(2) with the
// memory and the descriptors of this one. The child runs on this thread's
// thread-local storage, errno among it, and therefore makes its calls by hand.
#define _GNU_SOURCE
#include "clone.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
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

enum { STACK_BYTES = 64 * 1024, RUNNING = 1 };

struct creflink_clone_helper {
    int destination, source;
    int pidfd;
    pid_t pid, parent;
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

// Waits for the child to be gone: only then may its stack go. ECHILD: somebody
// else in this process reaped it, and it is gone as well.
static void reap(pid_t pid) {
    siginfo_t information;
    while (waitid(P_PID, (id_t)pid, &information, WEXITED | __WALL) < 0 && errno == EINTR) {
    }
}

// One mapping holds the record below and the child's stack above it.
static int release(struct creflink_clone_helper *helper) {
    int result = atomic_load(&helper->result);
    close(helper->pidfd);
    munmap(helper, STACK_BYTES);
    return result == RUNNING ? -ECANCELED : result;
}

int creflink_clone_helper_start(int destination, int source, struct creflink_clone_helper **result) {
    void *memory = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (memory == MAP_FAILED) return -errno;
    struct creflink_clone_helper *helper = memory;
    helper->destination = destination;
    helper->source = source;
    helper->pidfd = -1;
    helper->parent = getpid();
    atomic_init(&helper->result, RUNNING);

    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    // No exit signal: the embedder's SIGCHLD handler and wait() never see it.
    int pid = RESULT(clone(clone_file, (char *)memory + STACK_BYTES,
                           CLONE_VM | CLONE_FILES | CLONE_PIDFD, helper, &helper->pidfd));
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (pid >= 0 && helper->pidfd < 0) {
        // Before Linux 5.2 the flag is ignored, and the child could not be watched.
        kill(pid, SIGKILL);
        reap(pid);
        pid = -ENOSYS;
    }
    if (pid < 0) {
        munmap(memory, STACK_BYTES);
        return pid;
    }
    helper->pid = pid;
    *result = helper;
    return helper->pidfd;
}

int creflink_clone_helper_finish(struct creflink_clone_helper *helper) {
    reap(helper->pid);
    return release(helper);
}

void creflink_clone_helper_kill(struct creflink_clone_helper *helper) {
    kill(helper->pid, SIGKILL);
    creflink_clone_helper_finish(helper);
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
