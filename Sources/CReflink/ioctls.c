// Holds our own numbers against the kernel's headers, where those exist.
#include "ioctls.h"

#include "extents.h"

#if __has_include(<linux/fs.h>) && __has_include(<linux/fiemap.h>) && __has_include(<linux/btrfs.h>)
#include <linux/btrfs.h>
#include <linux/fiemap.h>
#include <linux/fs.h>

_Static_assert(CREFLINK_FICLONE == FICLONE, "FICLONE");
_Static_assert(CREFLINK_FICLONERANGE == FICLONERANGE, "FICLONERANGE");
_Static_assert(CREFLINK_GETFLAGS == FS_IOC_GETFLAGS, "FS_IOC_GETFLAGS");
_Static_assert(CREFLINK_SETFLAGS == FS_IOC_SETFLAGS, "FS_IOC_SETFLAGS");
_Static_assert(CREFLINK_FIEMAP == FS_IOC_FIEMAP, "FS_IOC_FIEMAP");
_Static_assert(CREFLINK_FIEMAP_SYNC == FIEMAP_FLAG_SYNC, "FIEMAP_FLAG_SYNC");
_Static_assert(sizeof(struct creflink_fiemap_extent) == sizeof(struct fiemap_extent), "extent");
_Static_assert(CREFLINK_FSGETXATTR == FS_IOC_FSGETXATTR, "FS_IOC_FSGETXATTR");
_Static_assert(CREFLINK_FSSETXATTR == FS_IOC_FSSETXATTR, "FS_IOC_FSSETXATTR");
_Static_assert(CREFLINK_FLAG_COPY_EXTENT_SIZE == FS_XFLAG_COWEXTSIZE, "FS_XFLAG_COWEXTSIZE");
_Static_assert(CREFLINK_FLAG_REALTIME == FS_XFLAG_REALTIME, "FS_XFLAG_REALTIME");
_Static_assert(CREFLINK_DEDUPE == FIDEDUPERANGE, "FIDEDUPERANGE");
_Static_assert(sizeof(struct creflink_dedupe_target) == sizeof(struct file_dedupe_range_info), "target");
_Static_assert(CREFLINK_FLAG_COMPRESSED == FS_COMPR_FL, "FS_COMPR_FL");
_Static_assert(CREFLINK_FLAG_NO_COPY_ON_WRITE == FS_NOCOW_FL, "FS_NOCOW_FL");
_Static_assert(CREFLINK_EXTENT_LAST == FIEMAP_EXTENT_LAST, "LAST");
_Static_assert(CREFLINK_EXTENT_UNKNOWN == FIEMAP_EXTENT_UNKNOWN, "UNKNOWN");
_Static_assert(CREFLINK_EXTENT_DELAYED == FIEMAP_EXTENT_DELALLOC, "DELALLOC");
_Static_assert(CREFLINK_EXTENT_ENCODED == FIEMAP_EXTENT_ENCODED, "ENCODED");
_Static_assert(CREFLINK_EXTENT_INLINE == FIEMAP_EXTENT_DATA_INLINE, "INLINE");
_Static_assert(CREFLINK_EXTENT_UNWRITTEN == FIEMAP_EXTENT_UNWRITTEN, "UNWRITTEN");
_Static_assert(CREFLINK_BTRFS_SNAPSHOT == BTRFS_IOC_SNAP_CREATE_V2, "BTRFS_IOC_SNAP_CREATE_V2");
_Static_assert(CREFLINK_BTRFS_INFO == BTRFS_IOC_FS_INFO, "BTRFS_IOC_FS_INFO");
_Static_assert(CREFLINK_BTRFS_READ_ONLY == BTRFS_SUBVOL_RDONLY, "BTRFS_SUBVOL_RDONLY");
_Static_assert(CREFLINK_EXTENT_SHARED == FIEMAP_EXTENT_SHARED, "SHARED");
#else
typedef int creflink_without_kernel_headers;
#endif
