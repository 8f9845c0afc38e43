// The least system calls that copy a tree with the checks that cp -a makes: every file
// opened without following links and examined by descriptor, made exclusively with its
// final mode, cloned (or offloaded where that is refused), asked for attributes, given
// its times, and closed on both sides. Two threads, a batch of names at a time. It keeps
// no owners, links, attributes or lists, and stops at the first error.
//
//   floor SOURCE DESTINATION
#define _GNU_SOURCE
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { THREADS = 2, BATCH = 4096 };

struct directory {
    int source, destination;
    atomic_int users;
    struct directory *parent, *next;
    struct stat status;
};

struct record {
    uint64_t inode;
    int64_t next;
    unsigned short length;
    unsigned char type;
    char name[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t more = PTHREAD_COND_INITIALIZER;
static struct directory *stack;
static int working;
static atomic_bool cannot_clone;

static void push(struct directory *directory) {
    pthread_mutex_lock(&lock);
    directory->next = stack;
    stack = directory;
    pthread_cond_signal(&more);
    pthread_mutex_unlock(&lock);
}

static void release(struct directory *directory) {
    while (directory != NULL && atomic_fetch_sub(&directory->users, 1) == 1) {
        struct directory *parent = directory->parent;
        struct timespec times[2] = {directory->status.st_atim, directory->status.st_mtim};
        if (flistxattr(directory->source, NULL, 0) < 0) err(1, "flistxattr");
        if (fchmod(directory->destination, directory->status.st_mode & 07777) < 0) err(1, "fchmod");
        if (futimens(directory->destination, times) < 0) err(1, "futimens");
        close(directory->destination);
        close(directory->source);
        free(directory);
        directory = parent;
    }
}

static void copy_file(struct directory *directory, const char *name) {
    int from = openat(directory->source, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    struct stat status;
    if (from < 0 || fstat(from, &status) < 0) err(1, "%s", name);
    int to = openat(directory->destination, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                    status.st_mode & 07777);
    if (to < 0) err(1, "%s", name);
    if (cannot_clone || ioctl(to, FICLONE, from) < 0) {
        cannot_clone = 1;
        for (off_t left = status.st_size; left > 0;) {
            ssize_t moved = copy_file_range(from, NULL, to, NULL, (size_t)left, 0);
            if (moved <= 0) err(1, "%s", name);
            left -= moved;
        }
    }
    if (flistxattr(from, NULL, 0) < 0) err(1, "flistxattr");
    struct timespec times[2] = {status.st_atim, status.st_mtim};
    if (futimens(to, times) < 0) err(1, "futimens");
    if (close(to) < 0 || close(from) < 0) err(1, "close");
}

static struct directory *enter(struct directory *parent, int source, int destination,
                            const char *from, const char *to) {
    struct directory *directory = calloc(1, sizeof *directory);
    directory->source = openat(source, from, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (directory->source < 0 || fstat(directory->source, &directory->status) < 0) err(1, "%s", from);
    if (mkdirat(destination, to, 0700) < 0) err(1, "%s", to);
    directory->destination = openat(destination, to, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (directory->destination < 0) err(1, "%s", to);
    directory->users = 1;
    directory->parent = parent;
    return directory;
}

static void *work(void *unused) {
    (void)unused;
    char batch[BATCH] __attribute__((aligned(16)));
    for (;;) {
        pthread_mutex_lock(&lock);
        while (stack == NULL && working > 0) pthread_cond_wait(&more, &lock);
        if (stack == NULL) {
            pthread_cond_broadcast(&more);
            pthread_mutex_unlock(&lock);
            return NULL;
        }
        struct directory *directory = stack;
        stack = directory->next;
        working++;
        pthread_mutex_unlock(&lock);

        long filled = syscall(SYS_getdents64, directory->source, batch, sizeof batch);
        if (filled < 0) err(1, "getdents64");
        if (filled > 0) {
            directory->users++;
            push(directory);
            for (long at = 0; at < filled;) {
                struct record *record = (struct record *)(batch + at);
                at += record->length;
                if (strcmp(record->name, ".") == 0 || strcmp(record->name, "..") == 0) continue;
                if (record->type == DT_DIR) {
                    directory->users++;
                    push(enter(directory, directory->source, directory->destination, record->name,
                               record->name));
                } else {
                    copy_file(directory, record->name);
                }
            }
        }
        release(directory);
        pthread_mutex_lock(&lock);
        working--;
        if (working == 0) pthread_cond_broadcast(&more);
        pthread_mutex_unlock(&lock);
    }
}

int main(int count, char **arguments) {
    if (count != 3) errx(1, "usage: floor SOURCE DESTINATION");
    umask(0);
    push(enter(NULL, AT_FDCWD, AT_FDCWD, arguments[1], arguments[2]));
    pthread_t threads[THREADS];
    for (int i = 1; i < THREADS; i++) pthread_create(&threads[i], NULL, work, NULL);
    work(NULL);
    for (int i = 1; i < THREADS; i++) pthread_join(threads[i], NULL);
}
