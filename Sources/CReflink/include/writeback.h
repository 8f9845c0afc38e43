/// What is written to files and not on storage yet.
#ifndef CREFLINK_WRITEBACK_H
#define CREFLINK_WRITEBACK_H

#include <stdint.h>

/// In bytes, as /proc/vmstat has them in pages.
struct creflink_dirty_pages {
    /// Changed in memory, or on the way to storage.
    int64_t dirty;
    /// Above this the kernel begins to write by itself.
    int64_t background;
    /// Above this nobody writes on.
    int64_t limit;
};

/// Reads /proc/vmstat. -ENODATA where it has not all of it.
int creflink_get_dirty_pages(struct creflink_dirty_pages *pages);

#endif
