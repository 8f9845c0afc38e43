// Runs a program and prints its greatest resident memory in KiB. A small parent: a
// child's figure begins with its parent's.
//
//   peak PROGRAM ARGUMENT...
#include <err.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int count, char **arguments) {
    if (count < 2) errx(1, "usage: peak PROGRAM ARGUMENT...");
    pid_t child = fork();
    if (child < 0) err(1, "fork");
    if (child == 0) {
        execv(arguments[1], arguments + 1);
        err(127, "%s", arguments[1]);
    }
    int status;
    struct rusage usage;
    if (wait4(child, &status, 0, &usage) < 0 || status != 0) errx(1, "%s failed", arguments[1]);
    printf("%ld\n", usage.ru_maxrss);
}
