/// Owner, mode, times and extended attributes, always by descriptor. The
/// descriptor may be a reference (O_PATH): of a symbolic link, a FIFO, a device.
#ifndef CREFLINK_ATTRIBUTES_H
#define CREFLINK_ATTRIBUTES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "files.h"

/// fchown(2). UINT32_MAX leaves an id as it is.
int creflink_set_owner(int descriptor, uint32_t owner, uint32_t group);

/// fchmod(2): permission and set-id bits. Not for symbolic links.
int creflink_set_mode(int descriptor, uint32_t mode);

/// futimens(3), utimensat(2): to the nanosecond.
int creflink_set_times(int descriptor, struct creflink_time accessed, struct creflink_time modified);

/// flistxattr(2): names, each ended by a NUL. `capacity` 0 asks for the size.
ssize_t creflink_list_attributes(int descriptor, char *names, size_t capacity);

/// listxattrat(2) of a name, a link not followed; since Linux 6.13. For what cannot be opened where
/// there is no /proc.
ssize_t creflink_list_attributes_at(int directory, const char *name, char *names, size_t capacity);

/// fgetxattr(2). `capacity` 0 asks for the size.
ssize_t creflink_get_attribute(int descriptor, const char *name, void *value, size_t capacity);

/// fsetxattr(2), creating or replacing.
int creflink_set_attribute(int descriptor, const char *name, const void *value, size_t size);

/// fremovexattr(2).
int creflink_remove_attribute(int descriptor, const char *name);

#endif
