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

int64_t creflink_dedupe_range(int destination, int64_t destination_offset,
                              int source, int64_t source_offset, int64_t length) {
    if (length <= 0 || source_offset < 0 || destination_offset < 0) return -EINVAL;
    struct creflink_dedupe request = {
        .offset = (uint64_t)source_offset,
        .length = (uint64_t)length,
        .count = 1,
        .target = {.descriptor = destination, .offset = (uint64_t)destination_offset},
    };
    int result = RESULT(ioctl(source, CREFLINK_DEDUPE, &request));
    if (result < 0) return result;
    // 1: the bytes differ.
    if (request.target.status == 1) return 0;
    if (request.target.status < 0) return request.target.status;
    return request.target.shared > INT64_MAX ? -EIO : (int64_t)request.target.shared;
}

ssize_t creflink_copy_range(int source, int64_t source_offset,
                            int destination, int64_t destination_offset, size_t length) {
    off_t from = source_offset, to = destination_offset;
    return RESULT(copy_file_range(source, &from, destination, &to, length, 0));
}
