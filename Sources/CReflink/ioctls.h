// ioctl numbers and structures of <linux/fs.h> and <linux/fiemap.h>, written out
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

#endif
