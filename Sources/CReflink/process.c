#include "platform.h"
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "result.h"

// Where ids once had 16 bits, the calls for 32 bits have names of their own.
#ifdef SYS_setfsuid32
enum { SET_FILE_USER = SYS_setfsuid32, SET_FILE_GROUP = SYS_setfsgid32 };
#else
enum { SET_FILE_USER = SYS_setfsuid, SET_FILE_GROUP = SYS_setfsgid };
#endif

int64_t creflink_monotonic(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t creflink_wall_clock_seconds(void) { return (int64_t)time(NULL); }

struct thread_start {
    void (*body)(void *);
    void *context;
};

static void *thread_main(void *argument) {
    struct thread_start start = *(struct thread_start *)argument;
    free(argument);
    start.body(start.context);
    return NULL;
}

int creflink_start_thread(void (*body)(void *), void *context) {
    struct thread_start *start = malloc(sizeof *start);
    if (start == NULL) return -ENOMEM;
    *start = (struct thread_start){body, context};

    // Signals belong to the threads of whoever embeds this.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    // The default differs between C libraries; 8 MiB is what a main thread has, and only
    // touched pages count.
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, (size_t)8 << 20);
    pthread_t thread;
    int error = pthread_create(&thread, &attributes, thread_main, start);
    pthread_attr_destroy(&attributes);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0) {
        free(start);
        return -error;
    }
    pthread_detach(thread);
    return 0;
}

int64_t creflink_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= INT64_MAX) return INT64_MAX;
    return (int64_t)limit.rlim_cur;
}

int creflink_process(void) {
    return (int)getpid();
}

struct creflink_credentials creflink_file_credentials(void) {
    // An id that cannot be: nothing is changed, and the one in force is returned.
    return (struct creflink_credentials){
        .user = (uint32_t)syscall(SET_FILE_USER, -1L),
        .group = (uint32_t)syscall(SET_FILE_GROUP, -1L),
    };
}

// The fourth number of a line such as "Uid:\t0\t0\t0\t0": the one for files.
static bool read_file_id(const char *status, const char *key, uint32_t *id) {
    const char *line = strstr(status, key);
    unsigned real, effective, saved;
    return line != NULL
        && sscanf(line + strlen(key), "%u %u %u %u", &real, &effective, &saved, id) == 4;
}

struct creflink_credentials creflink_process_credentials(void) {
    struct creflink_credentials credentials = {geteuid(), getegid()};
    // That of the main thread, not of thread-self.
    int file = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    if (file < 0) return credentials;
    char text[1024];
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    text[length < 0 ? 0 : length] = 0;
    struct creflink_credentials found;
    if (read_file_id(text, "\nUid:", &found.user) && read_file_id(text, "\nGid:", &found.group))
        credentials = found;
    return credentials;
}

void creflink_set_file_credentials(struct creflink_credentials credentials) {
    // The group first, while the right to choose it is still there.
    syscall(SET_FILE_GROUP, (long)credentials.group);
    syscall(SET_FILE_USER, (long)credentials.user);
}

void creflink_stand_back(void) {
    struct sched_param none = {0};
    // Not by the C library: musl's answers ENOSYS.
    syscall(SYS_sched_setscheduler, 0L, (long)SCHED_IDLE, &none);
    enum { OF_PROCESS = 1, CLASS_IDLE = 3 << 13 };  // of <linux/ioprio.h>
    syscall(SYS_ioprio_set, (long)OF_PROCESS, 0L, (long)CLASS_IDLE);
}

int creflink_processors(void) {
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) < 0 ? 1 : CPU_COUNT(&set);
}

int64_t creflink_file_size_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_FSIZE, &limit) < 0 || limit.rlim_cur >= INT64_MAX) return INT64_MAX;
    return (int64_t)limit.rlim_cur;
}

int creflink_current_umask(void) {
    int file = RESULT(open("/proc/thread-self/status", O_RDONLY | O_CLOEXEC));
    if (file < 0) return file;
    char text[1024];  // the line is the second
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    if (length < 0) return -ENOENT;
    text[length] = 0;
    const char *line = strstr(text, "\nUmask:");
    return line == NULL ? -ENOENT : (int)strtol(line + strlen("\nUmask:"), NULL, 8);
}

uint32_t creflink_effective_user(void) {
    return geteuid();
}
