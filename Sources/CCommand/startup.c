// The start of the command.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>  // says which C library it is

#include "CCommand.h"

static int argument_count;
static char **argument_values;

#ifdef __GLIBC__
// glibc calls constructors with what main() gets; other C libraries call them with nothing.
__attribute__((constructor)) static void keep_arguments(int count, char **values) {
    argument_count = count;
    argument_values = values;
}
#endif

void ccommand_occupy_standard_streams(void) {
    for (int stream = 0; stream <= 2; stream++)
        // Neither reads nor writes: whoever tries is told EBADF, as before.
        if (fcntl(stream, F_GETFD) < 0) (void)open("/", O_PATH);
}

char **ccommand_arguments(int *count) {
    *count = argument_values == NULL || argument_count < 0 ? 0 : argument_count;
    return argument_values;
}


#if defined(__GLIBC__) && defined(CCOMMAND_STATIC)
// A static executable takes these from here and not from Swift's runtime, whose constructor
// beside them then stays out of it: that one looks in eight places for a program that prints
// backtraces, which no cp brings along, and ends the process where /proc is not there to
// say where the executable lies. A runtime that needs more from there gets its own: they
// are weak.

// All zeros: no backtraces.
__attribute__((weak)) char _swift_backtraceSettings[256];

__attribute__((weak)) bool _swift_backtrace_isThunkFunction(const char *name) {
    (void)name;
    return false;
}
#endif
