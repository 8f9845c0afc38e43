/// Where a file's data lies, and the inode flags that decide about sharing.
#ifndef CREFLINK_EXTENTS_H
#define CREFLINK_EXTENTS_H

#include <stdbool.h>
#include <stdint.h>

/// One extent as FIEMAP tells it, in bytes; `flags` are FIEMAP_EXTENT_*.
struct creflink_extent {
    uint64_t logical;
    uint64_t physical;
    uint64_t length;
    uint32_t flags;
};

enum creflink_extent_flags {
    CREFLINK_EXTENT_LAST = 0x1,
    CREFLINK_EXTENT_UNKNOWN = 0x2,
    CREFLINK_EXTENT_DELAYED = 0x4,
    CREFLINK_EXTENT_ENCODED = 0x8,
    CREFLINK_EXTENT_INLINE = 0x200,
    CREFLINK_EXTENT_UNWRITTEN = 0x800,
    CREFLINK_EXTENT_SHARED = 0x2000,
};

/// FS_IOC_FIEMAP (Documentation/filesystems/fiemap.rst): up to `capacity` extents
/// from byte `start` on. `synchronize` writes delayed allocations out first.
/// Returns how many were stored; 0 when there is none. -EOPNOTSUPP where unknown.
int creflink_extents(int descriptor, uint64_t start, bool synchronize,
                     struct creflink_extent *extents, uint32_t capacity);

/// Whether one FIEMAP call bounded at `limit` extents does not reach the file's end:
/// 1 or 0, or -errno. Never writes out, never looks further than `limit`.
int creflink_extents_exceed(int descriptor, uint32_t limit);

/// BTRFS_IOC_FS_INFO: the 16 bytes by which a Btrfs is known, the same for all its
/// subvolumes. -ENOTTY on other file systems.
int creflink_btrfs_identity(int descriptor, uint8_t *identity);

/// FS_IOC_FSGETXATTR: 1 where the file's data is on a device of its own kind (the real-time device of
/// XFS), whose places are counted anew, 0 where it is not, or -errno.
int creflink_is_on_realtime_device(int descriptor);

/// FS_IOC_FSSETXATTR: sets how many bytes XFS allocates at least for a write into shared blocks (a multiple of
/// its block, 0 for its own choice), and stores what it was. For the file's owner. Returns 0, or -errno.
int creflink_set_copy_extent_size(int descriptor, uint32_t bytes, uint32_t *before);

/// lseek(2) with SEEK_DATA: the next byte of data at or after `offset`; -ENXIO when there is none.
int64_t creflink_seek_data(int descriptor, int64_t offset);

/// lseek(2) with SEEK_HOLE: the next hole at or after `offset` (the end counts as one).
int64_t creflink_seek_hole(int descriptor, int64_t offset);

/// FS_NOCOW_FL, the flag that decides on Btrfs whether two files can share, and FS_COMPR_FL,
/// which excludes it.
enum { CREFLINK_FLAG_NO_COPY_ON_WRITE = 0x00800000, CREFLINK_FLAG_COMPRESSED = 0x4 };

/// FS_IOC_GETFLAGS, ioctl_iflags(2). Returns 0, or -errno (-ENOTTY where unknown).
int creflink_get_inode_flags(int descriptor, uint32_t *flags);

/// FS_IOC_SETFLAGS. Btrfs answers 0 and ignores NOCOW on a file with data: read back.
int creflink_set_inode_flags(int descriptor, uint32_t flags);

#endif
