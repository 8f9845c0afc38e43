#include "platform.h"
#include "directories.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "result.h"

int creflink_make_directory(int directory, const char *name, uint32_t mode) {
    return RESULT(mkdirat(directory, name, (mode_t)mode));
}

int creflink_make_special(int directory, const char *name, uint32_t mode, uint64_t device) {
    return RESULT(mknodat(directory, name, (mode_t)mode, (dev_t)device));
}

int creflink_make_symbolic_link(const char *target, int directory, const char *name) {
    return RESULT(symlinkat(target, directory, name));
}

ssize_t creflink_read_symbolic_link(int directory, const char *name, char *target, size_t capacity) {
    return RESULT(readlinkat(directory, name, target, capacity));
}

int creflink_link_descriptor(int descriptor, int directory, const char *name) {
    int result = RESULT(linkat(descriptor, "", directory, name, AT_EMPTY_PATH));
    if (result != -ENOENT && result != -EPERM) return result;
    char path[48];
    snprintf(path, sizeof path, "/proc/thread-self/fd/%d", descriptor);
    return RESULT(linkat(AT_FDCWD, path, directory, name, AT_SYMLINK_FOLLOW));
}

int creflink_link(int directory, const char *name, const char *new_name) {
    return RESULT(linkat(directory, name, directory, new_name, 0));
}

static int rename_without_replacing(int old_directory, const char *old_name,
                                    int new_directory, const char *new_name) {
    enum { NO_REPLACE = 1 };  // RENAME_NOREPLACE of <linux/fs.h>
#ifdef __GLIBC__
    return RESULT(renameat2(old_directory, old_name, new_directory, new_name, NO_REPLACE));
#else
    return (int)RESULT(syscall(SYS_renameat2, old_directory, old_name, new_directory, new_name,
                               NO_REPLACE));
#endif
}

int creflink_rename(int old_directory, const char *old_name,
                    int new_directory, const char *new_name, bool replace) {
    if (replace) return RESULT(renameat(old_directory, old_name, new_directory, new_name));
    int result = rename_without_replacing(old_directory, old_name, new_directory, new_name);
    // Kernels before 3.15, and sandboxes: as where the file system does not know the flag.
    if (result == -ENOSYS) return -EINVAL;
    if (result == -EPERM && rename_without_replacing(-1, "", -1, "") == -EPERM) return -EINVAL;
    return result;
}

bool creflink_matches(const char *pattern, const char *name, bool is_path) {
    return fnmatch(pattern, name, is_path ? FNM_PATHNAME : 0) == 0;
}

int creflink_remove(int directory, const char *name, bool is_directory) {
    return RESULT(unlinkat(directory, name, is_directory ? AT_REMOVEDIR : 0));
}

ssize_t creflink_read_directory(int directory, void *buffer, size_t capacity) {
#ifdef __GLIBC__
    return RESULT(getdents64(directory, buffer, capacity));
#else
    return (ssize_t)RESULT(syscall(SYS_getdents64, directory, buffer, capacity));
#endif
}

int64_t creflink_directory_offset(int directory) {
    return RESULT(lseek(directory, 0, SEEK_CUR));
}

int creflink_set_directory_offset(int directory, int64_t offset) {
    return lseek(directory, offset, SEEK_SET) < 0 ? -errno : 0;
}

// struct linux_dirent64 of getdents64(2), which no header declares.
struct linux_dirent {
    uint64_t inode;
    int64_t next;
    uint16_t length;
    uint8_t type;
    char name[];
};

size_t creflink_next_entry(const void *buffer, size_t offset, struct creflink_entry *entry) {
    const struct linux_dirent *record = (const void *)((const char *)buffer + offset);
    *entry = (struct creflink_entry){
        .name_offset = offset + offsetof(struct linux_dirent, name),
        .inode = record->inode,
        .type = record->type,
    };
    return offset + record->length;
}
