// Makes what the benchmark copies.
//
//   plant tree DIRECTORY FILES    FILES small files, 100 in each directory
//   plant flat DIRECTORY FILES    FILES small files in one directory
//   plant empty DIRECTORY FILES   FILES empty files, 1000 in each directory
//   plant data FILE BYTES      random-looking data
//   plant runs FILE COUNT      COUNT runs of 4 KiB, a hole of 4 KiB after each
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static uint64_t state = 88172645463325252;
static uint64_t next(void) {
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}

static char buffer[1 << 20];

static void refill(size_t size) {
    for (size_t i = 0; i < size; i += 8) {
        uint64_t value = next();
        memcpy(buffer + i, &value, 8);
    }
}

static void file(int directory, long index, size_t size) {
    char name[32];
    snprintf(name, sizeof name, "file%ld", index);
    int to = openat(directory, name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (to < 0) err(1, "%s", name);
    refill(size);
    if (size > 0 && write(to, buffer, size) != (ssize_t)size) err(1, "%s", name);
    close(to);
}

int main(int count, char **arguments) {
    if (count != 4) errx(1, "usage: plant tree|flat|empty|data|runs PATH NUMBER");
    const char *kind = arguments[1], *path = arguments[2];
    long number = atol(arguments[3]);
    if (strcmp(kind, "data") == 0 || strcmp(kind, "runs") == 0) {
        int to = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
        if (to < 0) err(1, "%s", path);
        int runs = kind[0] == 'r';
        size_t step = runs ? 4096 : sizeof buffer;
        long steps = runs ? number : (long)(number / (long)step);
        for (long i = 0; i < steps; i++) {
            if (i % 64 == 0) refill(sizeof buffer);
            off_t at = runs ? (off_t)i * 8192 : (off_t)i * (off_t)step;
            if (pwrite(to, buffer, step, at) != (ssize_t)step) err(1, "%s", path);
        }
        if (runs && ftruncate(to, (off_t)number * 8192) < 0) err(1, "%s", path);
        if (fsync(to) < 0) err(1, "%s", path);
        return 0;
    }
    long each = strcmp(kind, "flat") == 0 ? number : kind[0] == 'e' ? 1000 : 100;
    if (mkdir(path, 0755) < 0) err(1, "%s", path);
    int directory = -1;
    for (long i = 0; i < number; i++) {
        if (i % each == 0) {
            char name[4096];
            snprintf(name, sizeof name, "%s/directory%ld", path, i / each);
            close(directory);
            if (mkdir(name, 0755) < 0) err(1, "%s", name);
            directory = open(name, O_RDONLY | O_DIRECTORY);
        }
        file(directory, i % each, kind[0] == 'e' ? 0 : 1024 + (size_t)(next() % 3072) / 8 * 8);
    }
    return 0;
}
