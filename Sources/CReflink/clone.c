#include "platform.h"
#include "clone.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ioctls.h"
#include "result.h"

int creflink_clone(int destination, int source) {
    return RESULT(ioctl(destination, CREFLINK_FICLONE, source));
}

int creflink_clone_range(int destination, int64_t destination_offset,
                         int source, int64_t source_offset, int64_t length) {
    if (length <= 0 || source_offset < 0 || destination_offset < 0) return -EINVAL;
    struct creflink_ficlonerange range = {
        .source = source,
        .source_offset = (uint64_t)source_offset,
        .length = (uint64_t)length,
        .destination_offset = (uint64_t)destination_offset,
    };
    return RESULT(ioctl(destination, CREFLINK_FICLONERANGE, &range));
}

ssize_t creflink_copy_range(int source, int64_t source_offset,
                            int destination, int64_t destination_offset, size_t length) {
    off_t from = source_offset, to = destination_offset;
    return RESULT(copy_file_range(source, &from, destination, &to, length, 0));
}
