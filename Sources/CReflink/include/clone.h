/// Sharing extents between files, and copying inside the kernel.
#ifndef CREFLINK_CLONE_H
#define CREFLINK_CLONE_H

#include <stdint.h>
#include <sys/types.h>

/// FICLONE, ioctl_ficlone(2): the whole of `source` into `destination`, shared.
/// Point-in-time. Ends early only when its process is killed, and then leaves a prefix.
/// Errors that mean "not here": -EOPNOTSUPP, -EXDEV, -ENOTTY; -EINVAL has several causes.
int creflink_clone(int destination, int source);

/// FICLONERANGE, ioctl_ficlonerange(2). Offsets and length in bytes, multiples of
/// the block size unless the range ends at the source's end. `length` 0 would mean
/// "to the end" to the kernel; here it is refused with -EINVAL.
int creflink_clone_range(int destination, int64_t destination_offset,
                         int source, int64_t source_offset, int64_t length);

/// copy_file_range(2) at explicit offsets. May share blocks and does not say so;
/// fills holes unless it shares. Returns the bytes copied, at most 0x7ffff000; 0 at the source's end.
ssize_t creflink_copy_range(int source, int64_t source_offset,
                            int destination, int64_t destination_offset, size_t length);

/// FIDEDUPERANGE, ioctl_fideduperange(2): has the bytes at `destination_offset` share storage with those
/// at `source_offset`, where the two are equal, which the kernel compares under the locks of both files.
/// Returns the bytes that are shared, perhaps fewer than `length`; 0 where they differ. Needs write access
/// to the destination, or its ownership.
int64_t creflink_dedupe_range(int destination, int64_t destination_offset,
                              int source, int64_t source_offset, int64_t length);

/// A FICLONE in a child process of its own, so that it can be ended.
/// The child shares memory and descriptors (clone(2): CLONE_VM | CLONE_FILES), has
/// every signal blocked and dies with the thread that started it (PR_SET_PDEATHSIG).
struct creflink_clone_helper;

/// Starts one. It has descriptors of its own for both files. It dies with the calling
/// *thread* (PR_SET_PDEATHSIG follows that): call it on one that lives until it has ended.
/// Returns a pidfd that becomes readable when it ended; it belongs to the helper.
/// -ENOSYS where this processor or kernel (before 5.4) is not provided for, -EPERM where
/// children go to another pid namespace, -ENOENT without /proc, which tells that; else the
/// error of clone(2), fcntl(2) or mmap(2).
int creflink_clone_helper_start(int destination, int source, struct creflink_clone_helper **helper);

/// Reaps a helper whose pidfd is readable (or waits for it) and frees it.
/// Returns what FICLONE returned, or -ECANCELED when the helper ended before that returned:
/// somebody else killed it.
int creflink_clone_helper_finish(struct creflink_clone_helper *helper);

/// Kills a helper (SIGKILL). It is still to be reaped: its pidfd becomes readable when the kernel
/// has let go of both files.
void creflink_clone_helper_kill(struct creflink_clone_helper *helper);

#endif
