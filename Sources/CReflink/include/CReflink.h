/// What Swift cannot import from the C library: Linux calls that hide behind
/// `_GNU_SOURCE`, ioctls, and the one process trick a long clone needs.
///
/// Rules of these headers
/// - They hold prototypes, structures and constants of their own and include
///   nothing but <stdint.h>, <stdbool.h> and <sys/types.h>: a system header
///   seen here through `_GNU_SOURCE` would clash with Swift's own import of the C library.
/// - Every function returns a value >= 0, or -errno. `errno` itself is never
///   part of the contract.
/// - Offsets and lengths are bytes. Descriptors are borrowed, never closed,
///   except by `creflink_close`.
#ifndef CREFLINK_H
#define CREFLINK_H

#include "attributes.h"
#include "clone.h"
#include "extents.h"
#include "files.h"
#include "directories.h"
#include "process.h"
#include "snapshots.h"
#include "waiting.h"
#include "writeback.h"

#endif
