// The start of the command.
#define _GNU_SOURCE
#include <fcntl.h>
#include <getopt.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>
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

#ifdef CCOMMAND_STATIC
// Whether a list of libraries names any but valgrind's own, which answer for no call of the system.
static bool names_library(const char *list) {
    while (*list != 0) {
        size_t length = strcspn(list, ": ");
        const char *name = list;
        for (const char *next = list; next < list + length; next++)
            if (*next == '/') name = next + 1;
        if (length > 0 && strncmp(name, "vgpreload_", 10) != 0) return true;
        list += length + (list[length] != 0);
    }
    return false;
}

// The variable that says that calls of the C library are to be answered by something else
// (fakeroot, pseudo, or anything that is preloaded), or null.
static const char *preloader(void) {
    static const char *const names[] = {"LD_PRELOAD", "FAKEROOTKEY", "PSEUDO_PREFIX", "PSEUDO_LOCALSTATEDIR"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && (i == 0 ? names_library(value) : value[0] != 0)) return names[i];
    }
    return NULL;
}

// ../libexec/swift-cp-reflink from where this program is. False where that is not known.
static bool find_twin(char *path, size_t capacity) {
    ssize_t length = readlink("/proc/self/exe", path, capacity);
    if (length < 0) {
        const char *given = (const char *)getauxval(AT_EXECFN);
        if (given == NULL || strlen(given) >= capacity) return false;
        length = (ssize_t)strlen(given);
        memcpy(path, given, (size_t)length);
    }
    if ((size_t)length >= capacity) return false;
    path[length] = 0;
    char *name = strrchr(path, '/');
    const char *twin = "/../libexec/swift-cp-reflink";
    if (name == NULL || (size_t)(name - path) + strlen(twin) >= capacity) return false;
    strcpy(name, twin);
    return true;
}
#endif

const char *ccommand_run_preloaded(void) {
#ifdef CCOMMAND_STATIC
    const char *variable = preloader();
    char path[4096];
    if (variable != NULL && find_twin(path, sizeof path)) execv(path, argument_values);
    return variable;
#else
    return NULL;
#endif
}

#ifdef CCOMMAND_FUZZ
void ccommand_set_arguments(int count, char **values) {
    argument_count = count;
    argument_values = values;
    optind = 0;  // getopt begins anew
}
#endif

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
