#define _GNU_SOURCE
#include "CTestSupport.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

void ctestsupport_use_files_as(uint32_t user) {
    // The C library's own functions would change every thread.
    syscall(SYS_setresgid, -1, user, -1);
    syscall(SYS_setresuid, -1, user, -1);
}

int ctestsupport_set_append_only(const char *path, int on) {
    int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) return -1;
    int flags = 0;
    int result = ioctl(directory, FS_IOC_GETFLAGS, &flags);
    if (result == 0) {
        flags = on ? flags | FS_APPEND_FL : flags & ~FS_APPEND_FL;
        result = ioctl(directory, FS_IOC_SETFLAGS, &flags);
    }
    close(directory);
    return result;
}

int ctestsupport_bytes_in_pipe(int descriptor) {
    int count = 0;
    return ioctl(descriptor, FIONREAD, &count) < 0 ? -1 : count;
}

int ctestsupport_use_new_process_namespace(void) {
    return unshare(CLONE_NEWPID);
}

int ctestsupport_open_terminal(int *master, int *terminal) {
    *master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (*master < 0 || grantpt(*master) < 0 || unlockpt(*master) < 0) return -1;
    *terminal = open(ptsname(*master), O_WRONLY | O_NOCTTY | O_CLOEXEC);
    return *terminal < 0 ? -1 : 0;
}
