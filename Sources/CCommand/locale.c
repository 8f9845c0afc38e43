// Whether a locale is there, which a static program cannot ask setlocale(3).
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "CCommand.h"

#ifdef __GLIBC__
#define LOCALES "/usr/lib/locale/"

// Where the names are in glibc's locale-archive: the beginning of its header.
struct archive_header {
    uint32_t magic, serial, names_offset, names_used, names_size;
    uint32_t strings_offset, strings_used, strings_size;
};

static bool is_in_archive(const char *name) {
    int file = open(LOCALES "locale-archive", O_RDONLY | O_CLOEXEC);
    if (file < 0) return false;
    bool found = false;
    struct archive_header header;
    if (read(file, &header, sizeof header) == (ssize_t)sizeof header && header.strings_used < 1u << 24) {
        char *strings = malloc(header.strings_used + 1u);
        ssize_t count = strings == NULL
            ? -1 : pread(file, strings, header.strings_used, (off_t)header.strings_offset);
        // With the NUL that ends it; what is before it may be another's, as of "US.utf8".
        size_t length = strlen(name) + 1;
        for (ssize_t at = 0; !found && count >= 0 && at + (ssize_t)length <= count; at++)
            found = (at == 0 || strings[at - 1] == 0) && memcmp(strings + at, name, length) == 0;
        free(strings);
    }
    close(file);
    return found;
}

bool ccommand_locale_is_installed(const char *name) {
    if (strncmp(name, "C.", 2) == 0 || strncmp(name, "POSIX.", 6) == 0) return true;
    char normal[128], path[160];
    size_t length = 0;
    bool in_codeset = false;
    // en_US.UTF-8 is kept as en_US.utf8.
    for (const char *next = name; *next != 0 && *next != '@'; next++) {
        if (*next == '/' || length + 1 >= sizeof normal) return false;
        if (*next == '.') in_codeset = true;
        if (in_codeset && *next == '-') continue;
        normal[length++] = in_codeset && *next >= 'A' && *next <= 'Z' ? (char)(*next + 32) : *next;
    }
    normal[length] = 0;
    snprintf(path, sizeof path, LOCALES "%s", normal);
    struct stat status;
    return stat(path, &status) == 0 || is_in_archive(normal);
}
#else
bool ccommand_locale_is_installed(const char *name) {
    (void)name;
    return true;
}
#endif
