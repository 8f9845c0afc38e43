#include "platform.h"
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/file.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

#include "result.h"

_Static_assert(CREFLINK_CURRENT_DIRECTORY == AT_FDCWD, "the current directory's descriptor");

int creflink_openat(int directory, const char *path, uint32_t flags, uint32_t mode) {
    int bits = O_CLOEXEC;
    if (flags & CREFLINK_OPEN_WRITE) bits |= O_WRONLY;
    if (flags & CREFLINK_OPEN_READ_WRITE) bits |= O_RDWR;
    if (flags & CREFLINK_OPEN_CREATE) bits |= O_CREAT;
    if (flags & CREFLINK_OPEN_EXCLUSIVE) bits |= O_EXCL;
    if (flags & CREFLINK_OPEN_DIRECTORY) bits |= O_DIRECTORY;
    if (flags & CREFLINK_OPEN_NO_FOLLOW) bits |= O_NOFOLLOW;
    if (flags & CREFLINK_OPEN_NON_BLOCKING) bits |= O_NONBLOCK;
    if (flags & CREFLINK_OPEN_REFERENCE) bits |= O_PATH;
    if (flags & CREFLINK_OPEN_UNNAMED) bits |= O_TMPFILE;
    return RESULT(openat(directory, path, bits, (mode_t)mode));
}

int creflink_synchronize_file_system(int descriptor) {
    return RESULT(syncfs(descriptor));
}

int creflink_close(int descriptor) {
    int result = close(descriptor);
    return result < 0 && errno != EINTR ? -errno : 0;
}

int creflink_duplicate(int descriptor) {
    return RESULT(fcntl(descriptor, F_DUPFD_CLOEXEC, 0));
}

int creflink_is_append(int descriptor) {
    int flags = RESULT(fcntl(descriptor, F_GETFL));
    return flags < 0 ? flags : (flags & O_APPEND) != 0;
}

int creflink_is_writable(int descriptor) {
    int flags = fcntl(descriptor, F_GETFL);
    return flags < 0 ? -errno : (flags & O_ACCMODE) != O_RDONLY;
}

// The kernel's struct statx (include/uapi/linux/stat.h), which older C libraries lack.
struct kernel_time {
    int64_t seconds;
    uint32_t nanoseconds;
    int32_t reserved;
};
struct kernel_statx {
    uint32_t mask, block_size;
    uint64_t attributes;
    uint32_t links, owner, group;
    uint16_t mode, spare0;
    uint64_t inode, size, blocks, attributes_mask;
    struct kernel_time accessed, created, changed, modified;
    uint32_t special_major, special_minor, device_major, device_minor;
    uint64_t spare[14];
};
_Static_assert(sizeof(struct kernel_statx) == 256, "struct statx has 256 bytes");

// Type, mode, owner, group and birth.
enum { KERNEL_STATX_RIGHTS = 0x81b, KERNEL_STATX_CREATED = 0x800 };
enum { KERNEL_STATX_BASIC = 0x7ff, KERNEL_EMPTY_PATH = 0x1000, KERNEL_NO_AUTOMOUNT = 0x800 };

static struct creflink_time time_of(struct kernel_time time) {
    return (struct creflink_time){time.seconds, time.nanoseconds};
}

// statx(2), by the C library where that has it: something that is loaded before it (fakeroot)
// may answer in its place. Kernels before 4.11 do not know it, and sandboxes may forbid it,
// although it itself is never "not permitted": the older fstatat(2) tells the same.
static int describe(int directory, const char *path, int flags, unsigned mask, struct kernel_statx *x) {
#ifdef __GLIBC__
    int result = RESULT(statx(directory, path, flags, mask, (struct statx *)(void *)x));
#else
    int result = (int)RESULT(syscall(SYS_statx, directory, path, flags, mask, x));
#endif
    if (result != -ENOSYS && result != -EPERM) return result;
    struct stat status;
    if (fstatat(directory, path, &status, flags) < 0) return -errno;
    *x = (struct kernel_statx){
        .block_size = (uint32_t)status.st_blksize,
        .links = (uint32_t)status.st_nlink,
        .owner = status.st_uid,
        .group = status.st_gid,
        .mode = (uint16_t)status.st_mode,
        .inode = status.st_ino,
        .size = (uint64_t)status.st_size,
        .blocks = (uint64_t)status.st_blocks,
        .accessed = {.seconds = status.st_atim.tv_sec, .nanoseconds = (uint32_t)status.st_atim.tv_nsec},
        .changed = {.seconds = status.st_ctim.tv_sec, .nanoseconds = (uint32_t)status.st_ctim.tv_nsec},
        .modified = {.seconds = status.st_mtim.tv_sec, .nanoseconds = (uint32_t)status.st_mtim.tv_nsec},
        .special_major = major(status.st_rdev),
        .special_minor = minor(status.st_rdev),
        .device_major = major(status.st_dev),
        .device_minor = minor(status.st_dev),
    };
    return 0;
}

static int statx_at(int directory, const char *path, int flags, struct creflink_status *status) {
    struct kernel_statx x;
    int result = describe(directory, path, flags | KERNEL_NO_AUTOMOUNT, KERNEL_STATX_BASIC, &x);
    if (result < 0) return result;
    *status = (struct creflink_status){
        .device = makedev(x.device_major, x.device_minor),
        .inode = x.inode,
        .special_device = makedev(x.special_major, x.special_minor),
        .size = x.size,
        .blocks = x.blocks,
        .mode = x.mode,
        .links = x.links,
        .owner = x.owner,
        .group = x.group,
        .block_size = x.block_size,
        .accessed = time_of(x.accessed),
        .modified = time_of(x.modified),
        .changed = time_of(x.changed),
    };
    return 0;
}

int creflink_status_at(int directory, const char *path, bool follow, struct creflink_status *result) {
    return statx_at(directory, path, follow ? 0 : AT_SYMLINK_NOFOLLOW, result);
}

int creflink_status_of(int descriptor, struct creflink_status *result) {
    return statx_at(descriptor, "", KERNEL_EMPTY_PATH, result);
}

int creflink_rights_of(int descriptor, struct creflink_rights *result) {
    struct kernel_statx x;
    int error = describe(descriptor, "", KERNEL_EMPTY_PATH, KERNEL_STATX_RIGHTS, &x);
    if (error < 0) return error;
    *result = (struct creflink_rights){
        x.mode, x.owner, x.group,
        x.mask & KERNEL_STATX_CREATED ? x.created.seconds : INT64_MAX,
    };
    return 0;
}

int creflink_created_of(int descriptor, struct creflink_time *created) {
    struct kernel_statx x;
    int error = describe(descriptor, "", KERNEL_EMPTY_PATH, KERNEL_STATX_CREATED, &x);
    if (error < 0) return error;
    if (!(x.mask & KERNEL_STATX_CREATED)) return -EOPNOTSUPP;
    *created = time_of(x.created);
    return 0;
}

int creflink_access_writable(int directory, const char *path) {
    return RESULT(faccessat(directory, path, W_OK, AT_EACCESS));
}

int creflink_try_lock(int descriptor, bool shared) {
    return RESULT(flock(descriptor, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB));
}

int creflink_unlock(int descriptor) {
    return RESULT(flock(descriptor, LOCK_UN));
}

int64_t creflink_file_system_type(int descriptor) {
    struct statfs information;
    if (fstatfs(descriptor, &information) < 0) return -errno;
    return (int64_t)((uint64_t)information.f_type & 0xffffffff);
}

int64_t creflink_free_bytes(int descriptor) {
    struct statfs information;
    if (fstatfs(descriptor, &information) < 0) return -errno;
    uint64_t bytes;
    if (__builtin_mul_overflow((uint64_t)information.f_bavail, (uint64_t)information.f_bsize, &bytes)) {
        return INT64_MAX;
    }
    return bytes > INT64_MAX ? INT64_MAX : (int64_t)bytes;
}

int64_t creflink_block_size(int descriptor) {
    struct statfs information;
    if (fstatfs(descriptor, &information) < 0) return -errno;
    return (int64_t)information.f_bsize;
}

ssize_t creflink_read(int descriptor, void *buffer, size_t count, int64_t offset) {
    return RESULT(offset < 0 ? read(descriptor, buffer, count)
                             : pread(descriptor, buffer, count, offset));
}

ssize_t creflink_write(int descriptor, const void *buffer, size_t count, int64_t offset) {
    return RESULT(offset < 0 ? write(descriptor, buffer, count)
                             : pwrite(descriptor, buffer, count, offset));
}

// RWF_DONTCACHE of <linux/fs.h>, since Linux 6.14.
enum { KEEP_NOT_IN_CACHE = 0x80 };

static bool is_unknown(ssize_t result) {
    return result == -EOPNOTSUPP || result == -ENOSYS || result == -EINVAL || result == -EPERM;
}

// preadv2(2), pwritev2(2): the offset in two halves where a long has 32 bits.
static ssize_t vectored(long call, int descriptor, void *buffer, size_t count, int64_t offset, int flags) {
    struct iovec piece = {buffer, count};
    return RESULT(syscall(call, descriptor, &piece, 1L, (long)offset, (long)(offset >> 31 >> 1), flags));
}

ssize_t creflink_read_uncached(int descriptor, void *buffer, size_t count, int64_t offset) {
    ssize_t result = vectored(SYS_preadv2, descriptor, buffer, count, offset, KEEP_NOT_IN_CACHE);
    if (!is_unknown(result)) return result;
    // What is in memory already stays there; what readahead would bring does not come.
    posix_fadvise(descriptor, 0, 0, POSIX_FADV_RANDOM);
    enum { FROM_CACHE_ONLY = 8 };  // RWF_NOWAIT
    result = vectored(SYS_preadv2, descriptor, buffer, count, offset, FROM_CACHE_ONLY);
    // Linux 5.9 and 5.10 may say 0 before the end.
    if (result > 0) return result;
    result = creflink_read(descriptor, buffer, count, offset);
    if (result > 0) posix_fadvise(descriptor, offset, result, POSIX_FADV_DONTNEED);
    return result;
}

ssize_t creflink_write_uncached(int descriptor, const void *buffer, size_t count, int64_t offset) {
    ssize_t result = vectored(SYS_pwritev2, descriptor, (void *)(uintptr_t)buffer, count, offset, KEEP_NOT_IN_CACHE);
    if (!is_unknown(result)) return result;
    result = creflink_write(descriptor, buffer, count, offset);
    if (result <= 0) return result;
    // Written out at once, and let go of once it is: some bytes later, so that nobody waits long.
    enum { LAG = 8 << 20 };
    sync_file_range(descriptor, offset, result, SYNC_FILE_RANGE_WRITE);
    if (offset >= LAG) {
        int error = RESULT(sync_file_range(
            descriptor, offset - LAG, result,
            SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER));
        // Told once: no later fsync(2) of this descriptor would tell it again.
        if (error == -EIO || error == -ENOSPC || error == -EDQUOT) return error;
        posix_fadvise(descriptor, offset - LAG, result, POSIX_FADV_DONTNEED);
    }
    return result;
}

ssize_t creflink_write_now(int descriptor, const void *buffer, size_t count) {
    enum { NO_WAITING = 8, ALWAYS_FITS = 4096 };  // RWF_NOWAIT of <linux/fs.h>, PIPE_BUF
    int flags = fcntl(descriptor, F_GETFL);
    if (flags >= 0 && flags & O_NONBLOCK) return RESULT(write(descriptor, buffer, count));
    struct iovec piece = {(void *)(uintptr_t)buffer, count};
    ssize_t result = RESULT(syscall(SYS_pwritev2, descriptor, &piece, 1L, -1L, -1L, NO_WAITING));
    if (result != -EOPNOTSUPP && result != -ENOSYS && result != -ESPIPE) return result;
    struct pollfd room = {.fd = descriptor, .events = POLLOUT};
    if (poll(&room, 1, 0) == 0) return -EAGAIN;
    return RESULT(write(descriptor, buffer, count < ALWAYS_FITS ? count : ALWAYS_FITS));
}

ssize_t creflink_read_now(int descriptor, void *buffer, size_t count) {
    enum { NO_WAITING = 8 };  // RWF_NOWAIT of <linux/fs.h>
    int flags = fcntl(descriptor, F_GETFL);
    if (flags >= 0 && flags & O_NONBLOCK) return RESULT(read(descriptor, buffer, count));
    struct iovec piece = {buffer, count};
    ssize_t result = RESULT(syscall(SYS_preadv2, descriptor, &piece, 1L, -1L, -1L, NO_WAITING));
    if (result != -EOPNOTSUPP && result != -ENOSYS && result != -ESPIPE) return result;
    struct pollfd data = {.fd = descriptor, .events = POLLIN};
    if (poll(&data, 1, 0) == 0) return -EAGAIN;
    return RESULT(read(descriptor, buffer, count));
}

bool creflink_is_terminal(int descriptor) {
    return isatty(descriptor) == 1;
}

int creflink_set_nonblocking(int descriptor, bool nonblocking) {
    int flags = fcntl(descriptor, F_GETFL);
    int wanted = nonblocking ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
    return RESULT(flags < 0 ? flags : fcntl(descriptor, F_SETFL, wanted));
}

int creflink_truncate(int descriptor, int64_t size) {
    return RESULT(ftruncate(descriptor, size));
}

int creflink_allocate(int descriptor, int64_t offset, int64_t length) {
    enum { KEEP_SIZE = 1 };  // FALLOC_FL_KEEP_SIZE of <linux/falloc.h>
    return RESULT(fallocate(descriptor, KEEP_SIZE, offset, length));
}

int creflink_punch_hole(int descriptor, int64_t offset, int64_t length) {
    enum { PUNCH_HOLE = 0x02 | 0x01 };  // FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE
    return RESULT(fallocate(descriptor, PUNCH_HOLE, offset, length));
}

bool creflink_is_zero(const void *bytes, size_t count) {
    const unsigned char *start = bytes;
    // Zero at the front, and every byte equal to the one before it.
    return count == 0 || (start[0] == 0 && memcmp(start, start + 1, count - 1) == 0);
}

bool creflink_is_equal(const void *a, const void *b, size_t count) {
    return memcmp(a, b, count) == 0;
}

int creflink_synchronize(int descriptor) {
    return RESULT(fsync(descriptor));
}
