// Signals that end a copy: what is unfinished is taken away first.
#define _GNU_SOURCE
#include <signal.h>
#include <stddef.h>

#include "CCommand.h"

static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
static volatile sig_atomic_t received;
static void (*notify)(void);

static void handle(int number) {
    if (received == 0) {
        received = number;
        notify();
        return;
    }
    // A second one: at once. It is blocked until this handler returns.
    signal(number, SIG_DFL);
    raise(number);
}

void ccommand_catch_ending_signals(void (*told)(void)) {
    notify = told;
    struct sigaction action = {.sa_handler = handle}, before;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof ending / sizeof *ending; i++) {
        // What is ignored (nohup, a shell's background job) stays so.
        if (sigaction(ending[i], NULL, &before) == 0 && before.sa_handler == SIG_DFL)
            sigaction(ending[i], &action, NULL);
    }
}

int ccommand_received_signal(void) { return received; }

void ccommand_end_by_signal(int number) {
    signal(number, SIG_DFL);
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, number);
    sigprocmask(SIG_UNBLOCK, &only, NULL);
    raise(number);
}
