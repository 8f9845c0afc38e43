// What programs are told in words of the C library.
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "CCommand.h"

const char *ccommand_errno_name(int number) {
#ifdef __GLIBC__
    return strerrorname_np(number);
#else
    (void)number;
    return NULL;
#endif
}

void ccommand_current_time(char *text) {
    struct timespec now;
    struct tm parts;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    char seconds[CCOMMAND_TIME_SIZE - 8];
    strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &parts);
    unsigned microseconds = (unsigned)(now.tv_nsec / 1000) % 1000000u;
    snprintf(text, CCOMMAND_TIME_SIZE, "%s.%06uZ", seconds, microseconds);
}
