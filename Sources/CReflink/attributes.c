#include "platform.h"

#include "attributes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "result.h"

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452  // the same number on every processor
#endif

#ifndef SYS_listxattrat
#define SYS_listxattrat 465
#endif

enum { EMPTY_PATH = 0x1000 };  // AT_EMPTY_PATH, which musl hides

// The calls by descriptor refuse a reference (O_PATH) with EBADF. The forms with
// AT_EMPTY_PATH take one: of times since Linux 5.8, of modes 6.6; not those of extended
// attributes (tried on 6.18). The others need the descriptor's entry in /proc, which leads
// to the inode itself, also to a symbolic link's own. thread-self: the main thread, which
// /proc/self means, may have ended.
struct reference {
    char path[48];
};
static struct reference reference_to(int descriptor) {
    struct reference reference;
    snprintf(reference.path, sizeof reference.path, "/proc/thread-self/fd/%d", descriptor);
    return reference;
}

// Calls `by_descriptor`; where that is refused with EBADF, `by_path` with `path`.
#define EITHER(descriptor, by_descriptor, by_path)                  \
    __extension__({                                                 \
        __typeof__(by_descriptor) either_ = RESULT(by_descriptor);  \
        if (either_ == -EBADF) {                                    \
            struct reference reference_ = reference_to(descriptor); \
            const char *path = reference_.path;                     \
            either_ = RESULT(by_path);                              \
        }                                                           \
        either_;                                                    \
    })

int creflink_set_owner(int descriptor, uint32_t owner, uint32_t group) {
    int result = RESULT(fchown(descriptor, owner, group));
    if (result != -EBADF) return result;
    result = RESULT(fchownat(descriptor, "", owner, group, EMPTY_PATH));
    // fakeroot, which takes the place of the C library's call, knows no empty path.
    if (result != -ENOENT) return result;
    struct reference reference = reference_to(descriptor);
    return RESULT(chown(reference.path, owner, group));
}

int creflink_set_mode(int descriptor, uint32_t mode) {
    int result = RESULT(fchmod(descriptor, (mode_t)mode));
    if (result != -EBADF) return result;
    struct reference reference = reference_to(descriptor);
    result = RESULT(chmod(reference.path, (mode_t)mode));
    if (result != -ENOENT) return result;
    // Without /proc; no C library has a function for it yet.
    result = (int)RESULT(syscall(SYS_fchmodat2, descriptor, "", mode, EMPTY_PATH));
    return result == -ENOSYS || result == -EINVAL ? -ENOENT : result;
}

int creflink_set_times(int descriptor, struct creflink_time accessed, struct creflink_time modified) {
    struct timespec times[2] = {
        {.tv_sec = (time_t)accessed.seconds, .tv_nsec = (long)accessed.nanoseconds},
        {.tv_sec = (time_t)modified.seconds, .tv_nsec = (long)modified.nanoseconds},
    };
    int result = RESULT(futimens(descriptor, times));
    if (result != -EBADF) return result;
    result = RESULT(utimensat(descriptor, "", times, EMPTY_PATH));
    if (result != -EINVAL && result != -ENOENT) return result;
    struct reference reference = reference_to(descriptor);
    return RESULT(utimensat(AT_FDCWD, reference.path, times, 0));
}

ssize_t creflink_list_attributes(int descriptor, char *names, size_t capacity) {
    return EITHER(descriptor, flistxattr(descriptor, names, capacity),
                  listxattr(path, names, capacity));
}

ssize_t creflink_list_attributes_at(int directory, const char *name, char *names, size_t capacity) {
    return (ssize_t)RESULT(
        syscall(SYS_listxattrat, directory, name, AT_SYMLINK_NOFOLLOW, names, capacity));
}

ssize_t creflink_get_attribute(int descriptor, const char *name, void *value, size_t capacity) {
    return EITHER(descriptor, fgetxattr(descriptor, name, value, capacity),
                  getxattr(path, name, value, capacity));
}

int creflink_set_attribute(int descriptor, const char *name, const void *value, size_t size) {
    return EITHER(descriptor, fsetxattr(descriptor, name, value, size, 0),
                  setxattr(path, name, value, size, 0));
}

int creflink_remove_attribute(int descriptor, const char *name) {
    return EITHER(descriptor, fremovexattr(descriptor, name), removexattr(path, name));
}
