#include "platform.h"
#include "snapshots.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "ioctls.h"
#include "result.h"

int creflink_ocfs2_reflink(int descriptor, const char *old_path, const char *new_path,
                           bool preserve) {
    struct creflink_ocfs2_reflink request = {
        .old_path = (uint64_t)(uintptr_t)old_path,
        .new_path = (uint64_t)(uintptr_t)new_path,
        .preserve = preserve,
    };
    return RESULT(ioctl(descriptor, CREFLINK_OCFS2_REFLINK, &request));
}

int creflink_btrfs_snapshot(int source, int parent, const char *name, bool read_only) {
    struct creflink_btrfs_snapshot request = {
        .source = source,
        .flags = read_only ? CREFLINK_BTRFS_READ_ONLY : 0,
    };
    size_t length = strlen(name);
    if (length >= sizeof request.name) return -ENAMETOOLONG;
    memcpy(request.name, name, length + 1);
    return RESULT(ioctl(parent, CREFLINK_BTRFS_SNAPSHOT, &request));
}
