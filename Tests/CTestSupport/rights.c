#include "CTestSupport.h"

#include <sys/fsuid.h>

void ctestsupport_use_files_as(uint32_t user) {
    setfsgid(user);
    setfsuid(user);
}
