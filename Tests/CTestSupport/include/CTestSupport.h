/// What tests need of the C library that Swift cannot import.
#ifndef CTESTSUPPORT_H
#define CTESTSUPPORT_H

#include <stdint.h>

/// setresgid(2), setresuid(2): this thread alone gets a user's effective ids, and loses the
/// privileges of root.
void ctestsupport_use_files_as(uint32_t user);

/// FS_APPEND_FL of ioctl_iflags(2): such a directory takes new names, and gives none away.
/// Returns 0, or -1.
int ctestsupport_set_append_only(const char *path, int on);

/// FIONREAD: the bytes that lie in a pipe; -1 where it cannot be told.
int ctestsupport_bytes_in_pipe(int descriptor);

/// unshare(2): the children of this thread get a process namespace of their own. Returns 0, or -1.
int ctestsupport_use_new_process_namespace(void);

/// A pseudo-terminal: openpty(3). Returns 0, or -1.
int ctestsupport_open_terminal(int *master, int *terminal);

#endif
