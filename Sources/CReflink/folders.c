#define _GNU_SOURCE
#include "folders.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "result.h"

int creflink_make_folder(int folder, const char *name, uint32_t mode) {
    return RESULT(mkdirat(folder, name, (mode_t)mode));
}

int creflink_make_special(int folder, const char *name, uint32_t mode, uint64_t device) {
    return RESULT(mknodat(folder, name, (mode_t)mode, (dev_t)device));
}

int creflink_make_symbolic_link(const char *target, int folder, const char *name) {
    return RESULT(symlinkat(target, folder, name));
}

ssize_t creflink_read_symbolic_link(int folder, const char *name, char *target, size_t capacity) {
    return RESULT(readlinkat(folder, name, target, capacity));
}

int creflink_link_descriptor(int descriptor, int folder, const char *name) {
    int result = RESULT(linkat(descriptor, "", folder, name, AT_EMPTY_PATH));
    if (result != -ENOENT && result != -EPERM) return result;
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    return RESULT(linkat(AT_FDCWD, path, folder, name, AT_SYMLINK_FOLLOW));
}

int creflink_rename(int old_folder, const char *old_name,
                    int new_folder, const char *new_name, bool replace) {
    enum { NO_REPLACE = 1 };  // RENAME_NOREPLACE of <linux/fs.h>
    return (int)RESULT(syscall(SYS_renameat2, old_folder, old_name, new_folder, new_name,
                               replace ? 0 : NO_REPLACE));
}

bool creflink_matches(const char *pattern, const char *name, bool is_path) {
    return fnmatch(pattern, name, is_path ? FNM_PATHNAME : 0) == 0;
}

int creflink_remove(int folder, const char *name, bool is_folder) {
    return RESULT(unlinkat(folder, name, is_folder ? AT_REMOVEDIR : 0));
}

ssize_t creflink_read_folder(int folder, void *buffer, size_t capacity) {
    return (ssize_t)RESULT(syscall(SYS_getdents64, folder, buffer, capacity));
}

int64_t creflink_folder_offset(int folder) {
    return RESULT(lseek(folder, 0, SEEK_CUR));
}

int creflink_set_folder_offset(int folder, int64_t offset) {
    return lseek(folder, offset, SEEK_SET) < 0 ? -errno : 0;
}

// struct linux_dirent64 of getdents64(2), which no header declares.
struct record {
    uint64_t inode;
    int64_t next;
    uint16_t length;
    uint8_t type;
    char name[];
};

size_t creflink_next_entry(const void *buffer, size_t offset, struct creflink_entry *entry) {
    const struct record *record = (const void *)((const char *)buffer + offset);
    *entry = (struct creflink_entry){
        .name_offset = offset + offsetof(struct record, name),
        .inode = record->inode,
        .type = record->type,
    };
    return offset + record->length;
}
