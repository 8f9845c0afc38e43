// The one convention of this shim: a value >= 0, or -errno.
#ifndef CREFLINK_RESULT_H
#define CREFLINK_RESULT_H

#include <errno.h>

#define RESULT(call)                            \
    __extension__({                             \
        __typeof__(call) result_ = (call);      \
        result_ < 0 ? -errno : result_;         \
    })

#endif
