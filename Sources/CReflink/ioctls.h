// ioctl numbers and structures of <linux/fs.h>, <linux/fiemap.h> and <linux/btrfs.h>, written out
// so that the shim also builds where those headers are missing (musl). Where
// they are there, ioctls.c compares.
#ifndef CREFLINK_IOCTLS_H
#define CREFLINK_IOCTLS_H

#include <stdint.h>
#include <sys/ioctl.h>

#define CREFLINK_FICLONE _IOW(0x94, 9, int)

struct creflink_ficlonerange {
    int64_t source;
    uint64_t source_offset;
    uint64_t length;
    uint64_t destination_offset;
};
#define CREFLINK_FICLONERANGE _IOW(0x94, 13, struct creflink_ficlonerange)

// The argument is an int, although the number is made from a long (ioctl_iflags(2)).
#define CREFLINK_GETFLAGS _IOR('f', 1, long)
#define CREFLINK_SETFLAGS _IOW('f', 2, long)

struct creflink_fiemap_extent {
    uint64_t logical, physical, length;
    uint64_t reserved64[2];
    uint32_t flags;
    uint32_t reserved[3];
};
struct creflink_fiemap {
    uint64_t start, length;
    uint32_t flags, mapped, count, reserved;
};
#define CREFLINK_FIEMAP _IOWR('f', 11, struct creflink_fiemap)
enum { CREFLINK_FIEMAP_SYNC = 1 };

struct creflink_file_attributes {
    uint32_t flags, extent_size, extents, project, copy_extent_size;
    uint8_t padding[8];
};
#define CREFLINK_FSGETXATTR _IOR('X', 31, struct creflink_file_attributes)
#define CREFLINK_FSSETXATTR _IOW('X', 32, struct creflink_file_attributes)
enum { CREFLINK_FLAG_REALTIME = 1, CREFLINK_FLAG_COPY_EXTENT_SIZE = 0x10000 };

struct creflink_dedupe_target {
    int64_t descriptor;
    uint64_t offset, shared;
    int32_t status;
    uint32_t reserved;
};
struct creflink_dedupe {
    uint64_t offset, length;
    uint16_t count, reserved1;
    uint32_t reserved2;
    struct creflink_dedupe_target target;
};
// The number counts the request without its targets.
#define CREFLINK_DEDUPE _IOC(_IOC_READ | _IOC_WRITE, 0x94, 54, 24)

struct creflink_btrfs_snapshot {
    int64_t source;
    uint64_t transaction;
    uint64_t flags;
    uint64_t unused[4];
    char name[4040];
};
#define CREFLINK_BTRFS_SNAPSHOT _IOW(0x94, 23, struct creflink_btrfs_snapshot)
enum { CREFLINK_BTRFS_READ_ONLY = 1 << 1 };

struct creflink_btrfs_info {
    uint64_t largest_device, devices;
    uint8_t identity[16];
    uint8_t rest[992];
};
#define CREFLINK_BTRFS_INFO _IOR(0x94, 31, struct creflink_btrfs_info)

// fs/ocfs2/ocfs2_ioctl.h, which the kernel does not export.
struct creflink_ocfs2_reflink {
    uint64_t old_path, new_path, preserve;
};
#define CREFLINK_OCFS2_REFLINK _IOW('o', 4, struct creflink_ocfs2_reflink)

#endif
