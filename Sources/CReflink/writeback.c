#include "platform.h"

#include "writeback.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// The number behind a name at the beginning of a line. False where there is none.
static bool find(const char *text, const char *name, int64_t *number) {
    const char *line = strstr(text, name);
    if (line == NULL) return false;
    char *end;
    const char *digits = line + strlen(name);
    *number = strtoll(digits, &end, 10);
    return end != digits && *number >= 0;
}

int creflink_get_dirty_pages(struct creflink_dirty_pages *pages) {
    int file = open("/proc/vmstat", O_RDONLY | O_CLOEXEC);
    if (file < 0) return -errno;
    char text[16384];
    size_t length = 0;
    while (length < sizeof text - 1) {
        ssize_t count = read(file, text + length, sizeof text - 1 - length);
        if (count <= 0) break;
        length += (size_t)count;
    }
    close(file);
    text[length] = 0;
    int64_t dirty, writing, background, limit;
    if (!find(text, "\nnr_dirty ", &dirty) || !find(text, "\nnr_writeback ", &writing) ||
        !find(text, "\nnr_dirty_background_threshold ", &background) ||
        !find(text, "\nnr_dirty_threshold ", &limit)) {
        return -ENODATA;
    }
    int64_t size = sysconf(_SC_PAGESIZE);
    int64_t most = INT64_MAX / size / 2;
    if (dirty > most || writing > most || background > most || limit > most) return -ENODATA;
    pages->dirty = (dirty + writing) * size;
    pages->background = background * size;
    pages->limit = limit * size;
    return 0;
}
