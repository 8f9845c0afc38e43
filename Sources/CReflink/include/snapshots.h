/// Snapshots that a file system makes by itself, in one piece.
#ifndef CREFLINK_SNAPSHOTS_H
#define CREFLINK_SNAPSHOTS_H

#include <stdbool.h>

/// OCFS2_IOC_REFLINK, the reflink(2) call as it was proposed in 2009: `new_path` becomes a
/// copy of `old_path`, complete or not there at all. `descriptor`: any file of that file
/// system. `preserve` keeps owner, mode, times and extended attributes; without it set-id bits
/// and extended attributes are kept all the same, under the caller's ownership.
/// -EEXIST, -EXDEV, -EPERM as proposed; -ENOTTY on other file systems.
int creflink_ocfs2_reflink(int descriptor, const char *old_path, const char *new_path,
                           bool preserve);

/// BTRFS_IOC_SNAP_CREATE_V2: the subvolume that `source` is open at, as of now, under
/// `name` in the directory `parent`. -EINVAL where `source` is no subvolume, -EXDEV, -EEXIST;
/// -ENOTTY on other file systems; -ENAMETOOLONG.
int creflink_btrfs_snapshot(int source, int parent, const char *name, bool read_only);

#endif
