/// What tests need of the C library that Swift cannot import.
#ifndef CTESTSUPPORT_H
#define CTESTSUPPORT_H

#include <stdint.h>

/// setfsgid(2), setfsuid(2): this thread gets a user's rights to files, and loses the
/// capabilities that have to do with files.
void ctestsupport_use_files_as(uint32_t user);

#endif
