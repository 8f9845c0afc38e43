#define _GNU_SOURCE
#include "CTestSupport.h"

#include <sys/syscall.h>
#include <unistd.h>

void ctestsupport_use_files_as(uint32_t user) {
    // The C library's own functions would change every thread.
    syscall(SYS_setresgid, -1, user, -1);
    syscall(SYS_setresuid, -1, user, -1);
}
