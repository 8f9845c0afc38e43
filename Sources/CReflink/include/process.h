/// Threads, clocks and limits of the process.
#ifndef CREFLINK_PROCESS_H
#define CREFLINK_PROCESS_H

#include <stdint.h>

/// time(2).
int64_t creflink_wall_clock_seconds(void);

/// clock_gettime(CLOCK_MONOTONIC), in nanoseconds.
int64_t creflink_monotonic(void);

/// pthread_create(3), detached, every signal blocked, with a stack of 8 MiB. Returns 0, or -errno.
int creflink_start_thread(void (*body)(void *), void *context);

/// getrlimit(RLIMIT_NOFILE), INT64_MAX when unlimited.
int64_t creflink_descriptor_limit(void);

/// getpid(2).
int creflink_process(void);

/// sched_setscheduler(2) with SCHED_IDLE and ioprio_set(2) with IOPRIO_CLASS_IDLE, for the calling
/// thread; what it starts later inherits both.
void creflink_stand_back(void);

/// The ids by which the kernel checks this *thread's* rights to files, and which new files get;
/// see setfsuid(2).
struct creflink_credentials {
    uint32_t user, group;
};
struct creflink_credentials creflink_file_credentials(void);

/// The same of the process's main thread, as /proc/self/status tells it; without /proc the
/// calling thread's effective ids.
struct creflink_credentials creflink_process_credentials(void);

/// setfsgid(2), setfsuid(2), for this thread alone. What is not permitted changes nothing.
void creflink_set_file_credentials(struct creflink_credentials credentials);

/// Processors that this process may run on; sched_getaffinity(2).
int creflink_processors(void);

/// getrlimit(RLIMIT_FSIZE) in bytes, INT64_MAX when unlimited.
int64_t creflink_file_size_limit(void);

/// The umask as /proc/thread-self/status tells it, without the race of umask(2). -ENOENT where it does not.
int creflink_current_umask(void);

/// geteuid(2).
uint32_t creflink_effective_user(void);

#endif
