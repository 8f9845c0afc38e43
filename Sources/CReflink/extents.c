#include "platform.h"
#include "extents.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ioctls.h"
#include "result.h"

// musl shows these only to newer feature macros; their values are the kernel's (lseek(2)).
#ifndef SEEK_DATA
#define SEEK_DATA 3
#define SEEK_HOLE 4
#endif

struct map {
    struct creflink_fiemap request;
    struct creflink_fiemap_extent extents[];
};

// One FIEMAP call of at most `capacity` extents. The caller frees *map.
static int read_map(int descriptor, uint64_t start, bool synchronize, uint32_t capacity,
                    struct map **map) {
    *map = calloc(1, sizeof **map + (size_t)capacity * sizeof (*map)->extents[0]);
    if (*map == NULL) return -ENOMEM;
    (*map)->request = (struct creflink_fiemap){
        .start = start,
        .length = UINT64_MAX - start,
        .flags = synchronize ? CREFLINK_FIEMAP_SYNC : 0,
        .count = capacity,
    };
    int result = RESULT(ioctl(descriptor, CREFLINK_FIEMAP, &(*map)->request));
    return result < 0 ? result : (int)(*map)->request.mapped;
}

int creflink_extents(int descriptor, uint64_t start, bool synchronize,
                     struct creflink_extent *extents, uint32_t capacity) {
    struct map *map;
    int count = read_map(descriptor, start, synchronize, capacity, &map);
    for (int i = 0; i < count; i++) {
        const struct creflink_fiemap_extent *e = &map->extents[i];
        extents[i] = (struct creflink_extent){e->logical, e->physical, e->length, e->flags};
    }
    free(map);
    return count;
}

int creflink_extents_exceed(int descriptor, uint32_t limit) {
    struct map *map;
    int count = read_map(descriptor, 0, false, limit, &map);
    int result = count;
    if (count >= 0)
        result = (uint32_t)count == limit
            && !(map->extents[count - 1].flags & CREFLINK_EXTENT_LAST);
    free(map);
    return result;
}

int creflink_btrfs_identity(int descriptor, uint8_t *identity) {
    struct creflink_btrfs_info info = {0};
    int result = RESULT(ioctl(descriptor, CREFLINK_BTRFS_INFO, &info));
    memcpy(identity, info.identity, sizeof info.identity);
    return result;
}

int creflink_is_on_realtime_device(int descriptor) {
    struct creflink_file_attributes attributes = {0};
    int result = RESULT(ioctl(descriptor, CREFLINK_FSGETXATTR, &attributes));
    return result < 0 ? result : (attributes.flags & CREFLINK_FLAG_REALTIME) != 0;
}

int creflink_set_copy_extent_size(int descriptor, uint32_t bytes, uint32_t *before) {
    struct creflink_file_attributes attributes = {0};
    int result = RESULT(ioctl(descriptor, CREFLINK_FSGETXATTR, &attributes));
    if (result < 0) return result;
    *before = attributes.flags & CREFLINK_FLAG_COPY_EXTENT_SIZE ? attributes.copy_extent_size : 0;
    attributes.copy_extent_size = bytes;
    if (bytes > 0)
        attributes.flags |= CREFLINK_FLAG_COPY_EXTENT_SIZE;
    else
        attributes.flags &= ~(uint32_t)CREFLINK_FLAG_COPY_EXTENT_SIZE;
    return RESULT(ioctl(descriptor, CREFLINK_FSSETXATTR, &attributes));
}

int64_t creflink_seek_data(int descriptor, int64_t offset) {
    return RESULT(lseek(descriptor, offset, SEEK_DATA));
}

int64_t creflink_seek_hole(int descriptor, int64_t offset) {
    return RESULT(lseek(descriptor, offset, SEEK_HOLE));
}

int creflink_get_inode_flags(int descriptor, uint32_t *flags) {
    unsigned long value = 0;  // the kernel stores an int, some FUSE servers a long
    int result = RESULT(ioctl(descriptor, CREFLINK_GETFLAGS, &value));
    *flags = (uint32_t)value;
    return result;
}

int creflink_set_inode_flags(int descriptor, uint32_t flags) {
    unsigned long value = flags;
    return RESULT(ioctl(descriptor, CREFLINK_SETFLAGS, &value));
}
