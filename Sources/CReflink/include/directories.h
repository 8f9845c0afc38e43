/// Names in directories: making, linking, renaming, removing and listing them.
#ifndef CREFLINK_DIRECTORIES_H
#define CREFLINK_DIRECTORIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// mkdirat(2).
int creflink_make_directory(int directory, const char *name, uint32_t mode);

/// mknodat(2): a FIFO, socket or device node; `mode` holds type and permissions.
int creflink_make_special(int directory, const char *name, uint32_t mode, uint64_t device);

/// symlinkat(2).
int creflink_make_symbolic_link(const char *target, int directory, const char *name);

/// readlinkat(2). An empty `name` reads the link that `directory` refers to.
ssize_t creflink_read_symbolic_link(int directory, const char *name, char *target, size_t capacity);

/// linkat(2) of an open descriptor (a reference, or an unnamed file) to a new
/// name: AT_EMPTY_PATH first, which some kernels keep for privileged callers,
/// then through /proc/thread-self/fd. -EEXIST when the name is taken.
int creflink_link_descriptor(int descriptor, int directory, const char *name);

/// linkat(2) of a name to another in the same directory. -EEXIST when that is taken.
int creflink_link(int directory, const char *name, const char *new_name);

/// renameat2(2); `replace` false adds RENAME_NOREPLACE.
int creflink_rename(int old_directory, const char *old_name,
                    int new_directory, const char *new_name, bool replace);

/// fnmatch(3); `is_path` adds FNM_PATHNAME: wildcards then stop at slashes.
bool creflink_matches(const char *pattern, const char *name, bool is_path);

/// unlinkat(2); `is_directory` adds AT_REMOVEDIR.
int creflink_remove(int directory, const char *name, bool is_directory);

/// getdents64(2): fills `buffer` with records that `creflink_next_entry` reads.
/// Returns the bytes filled, 0 at the end.
ssize_t creflink_read_directory(int directory, void *buffer, size_t capacity);

/// One record of a filled buffer: where in the buffer its name starts, its type
/// (DT_*, 0 where the file system does not say).
struct creflink_entry {
    size_t name_offset;
    uint64_t inode;
    uint8_t type;
};

/// Reads the record at `offset` of a filled buffer. Returns the next record's offset.
size_t creflink_next_entry(const void *buffer, size_t offset, struct creflink_entry *entry);

/// lseek(2): where the next reading begins. Good for another descriptor of the same directory.
int64_t creflink_directory_offset(int directory);
int creflink_set_directory_offset(int directory, int64_t offset);

#endif
