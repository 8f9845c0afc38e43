/// Opening, reading, writing and describing files.
#ifndef CREFLINK_FILES_H
#define CREFLINK_FILES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/// The descriptor that means "the current directory" (AT_FDCWD).
enum { CREFLINK_CURRENT_DIRECTORY = -100 };

/// How to open, in bits of our own: the kernel's values differ between
/// processors. O_CLOEXEC is always added. See open(2).
enum creflink_open_flags {
    CREFLINK_OPEN_READ = 0,
    CREFLINK_OPEN_WRITE = 1 << 0,
    CREFLINK_OPEN_READ_WRITE = 1 << 1,
    CREFLINK_OPEN_CREATE = 1 << 2,
    CREFLINK_OPEN_EXCLUSIVE = 1 << 3,
    CREFLINK_OPEN_DIRECTORY = 1 << 4,
    CREFLINK_OPEN_NO_FOLLOW = 1 << 5,
    CREFLINK_OPEN_NON_BLOCKING = 1 << 6,
    /// A reference that reads nothing: O_PATH.
    CREFLINK_OPEN_REFERENCE = 1 << 7,
    /// A new file without a name in the directory `path`: O_TMPFILE.
    CREFLINK_OPEN_UNNAMED = 1 << 8,
};

/// openat(2). `mode` counts only where a file is made; the umask applies to it.
/// Returns a descriptor, or -errno.
int creflink_openat(int directory, const char *path, uint32_t flags, uint32_t mode);

/// fsync(2).
int creflink_synchronize(int descriptor);

/// syncfs(2): all of the file system that the file is on.
int creflink_synchronize_file_system(int descriptor);

/// close(2). EINTR counts as closed, as it is on Linux.
int creflink_close(int descriptor);

/// fcntl(F_DUPFD_CLOEXEC): another descriptor of the same open file.
int creflink_duplicate(int descriptor);

/// fcntl(F_GETFL): 1 where every write goes to the file's end (O_APPEND), else 0.
int creflink_is_append(int descriptor);

/// 1 where the open file takes writes, 0 where it does not; F_GETFL.
int creflink_is_writable(int descriptor);

/// A point in time: seconds and nanoseconds since 1970.
struct creflink_time {
    int64_t seconds;
    uint32_t nanoseconds;
};

/// What statx(2) tells of one file. `mode` holds type and permissions,
/// `blocks` counts 512-byte units.
struct creflink_status {
    uint64_t device;
    uint64_t inode;
    uint64_t special_device;
    uint64_t size;
    uint64_t blocks;
    uint32_t mode;
    uint32_t links;
    uint32_t owner;
    uint32_t group;
    uint32_t block_size;
    struct creflink_time accessed;
    struct creflink_time modified;
    struct creflink_time changed;
};

/// statx(2) of `path` in `directory`. Errors: those of path lookup.
int creflink_status_at(int directory, const char *path, bool follow, struct creflink_status *status);

/// statx(2) of an open descriptor (AT_EMPTY_PATH).
int creflink_status_of(int descriptor, struct creflink_status *status);

/// Who may do what with a file; `mode` holds type and permissions. `created` is when it came into
/// being, in seconds since 1970, INT64_MAX where the file system does not tell.
struct creflink_rights {
    uint32_t mode;
    uint32_t owner;
    uint32_t group;
    int64_t created;
};

/// statx(2) of an open descriptor, for its rights alone. Since Linux 6.13 a file whose times were
/// asked for gets finer ones at its next change, which costs ext4 2 microseconds more.
int creflink_rights_of(int descriptor, struct creflink_rights *rights);

/// statx(2) of an open descriptor: when the file came into being. -EOPNOTSUPP where the file system
/// does not tell.
int creflink_created_of(int descriptor, struct creflink_time *created);

/// faccessat(2) with W_OK and AT_EACCESS: 0 when `path` in `directory` may be written.
int creflink_access_writable(int directory, const char *path);

/// flock(2), exclusive, without waiting: 0, or -EWOULDBLOCK where another open file has it. Gone
/// with the last descriptor of this open file, however its process ends.
int creflink_try_lock(int descriptor, bool shared);

/// flock(2) with LOCK_UN.
int creflink_unlock(int descriptor);

/// fstatfs(2): the file system's magic number, as in statfs(2).
int64_t creflink_file_system_type(int descriptor);

/// fstatfs(2): the bytes that a caller without privileges may still use.
int64_t creflink_free_bytes(int descriptor);

/// fstatfs(2): the block size in bytes.
int64_t creflink_block_size(int descriptor);

/// read(2), or pread(2) when `offset` >= 0. Returns the bytes read, 0 at the end.
ssize_t creflink_read(int descriptor, void *buffer, size_t count, int64_t offset);

/// write(2), or pwrite(2) when `offset` >= 0. Returns the bytes written, perhaps fewer than asked.
ssize_t creflink_write(int descriptor, const void *buffer, size_t count, int64_t offset);

/// The same, and the page cache stays as it was: RWF_DONTCACHE; where the file system does not know it,
/// sync_file_range(2) and posix_fadvise(2), but for the last 8 MiB that were written. `offset` must be >= 0.
ssize_t creflink_read_uncached(int descriptor, void *buffer, size_t count, int64_t offset);
ssize_t creflink_write_uncached(int descriptor, const void *buffer, size_t count, int64_t offset);

/// Writes what a pipe or a socket has room for, without waiting for more: write(2) with
/// O_NONBLOCK; without that pwritev2(2) with RWF_NOWAIT, and where that is unknown poll(2)
/// and then what a ready pipe always takes. Returns the bytes written; -EAGAIN where there
/// is no room.
ssize_t creflink_write_now(int descriptor, const void *buffer, size_t count);

/// Reads what a pipe, a socket or a terminal has, without waiting for more, likewise: read(2)
/// with O_NONBLOCK, preadv2(2) with RWF_NOWAIT, or poll(2) and read(2). -EAGAIN where there is
/// nothing: somebody else may have been faster.
ssize_t creflink_read_now(int descriptor, void *buffer, size_t count);

/// isatty(3).
bool creflink_is_terminal(int descriptor);

/// fcntl(2) with O_NONBLOCK, which all descriptors of one opening share.
int creflink_set_nonblocking(int descriptor, bool nonblocking);

/// ftruncate(2).
int creflink_truncate(int descriptor, int64_t size);

/// fallocate(2) with FALLOC_FL_KEEP_SIZE: blocks without a change of size, so
/// that a copy that stops short still has the size of what was copied.
int creflink_allocate(int descriptor, int64_t offset, int64_t length);

/// fallocate(2) with FALLOC_FL_PUNCH_HOLE: the range reads as zeros, and its whole blocks are freed.
int creflink_punch_hole(int descriptor, int64_t offset, int64_t length);

/// Whether `count` bytes are all zero, at the speed of memcmp(3), with an early end.
bool creflink_is_zero(const void *bytes, size_t count);

/// Whether `count` bytes at `a` are the same as those at `b`.
bool creflink_is_equal(const void *a, const void *b, size_t count);

#endif
