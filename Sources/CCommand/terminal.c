// The terminal on which progress is shown, and the signals that ask for it.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "CCommand.h"

int ccommand_terminal_columns(int descriptor) {
    struct winsize size;
    if (ioctl(descriptor, TIOCGWINSZ, &size) != 0) return -1;
    return size.ws_col;
}

static void display_signals(sigset_t *set) {
    sigemptyset(set);
    sigaddset(set, SIGUSR1);
    sigaddset(set, SIGWINCH);
}

void ccommand_hold_display_signals(void) {
    sigset_t set;
    display_signals(&set);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

int ccommand_wait_for_display_signal(int milliseconds) {
    sigset_t set;
    display_signals(&set);
    struct timespec limit = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
    int number = sigtimedwait(&set, NULL, &limit);
    if (number == SIGUSR1) return CCOMMAND_DISPLAY_ASKED;
    if (number == SIGWINCH) return CCOMMAND_DISPLAY_RESIZED;
    return CCOMMAND_DISPLAY_TIME;
}

void ccommand_lower_thread_priority(void) {
    // On Linux, 0 is the calling thread.
    setpriority(PRIO_PROCESS, 0, 10);
}
