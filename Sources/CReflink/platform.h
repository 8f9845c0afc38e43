// Included first by every file of the shim: what the C library's headers show, and
// that an off_t has 64 bits on every processor.
#ifndef CREFLINK_PLATFORM_H
#define CREFLINK_PLATFORM_H

#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64

#include <sys/types.h>

_Static_assert(sizeof(off_t) == 8, "file offsets have 64 bits");

#endif
