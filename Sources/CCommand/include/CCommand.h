/// What the command needs of C: its arguments, and getopt_long(3), whose variables Swift 6
/// refuses to touch.
#ifndef CCOMMAND_H
#define CCOMMAND_H

#include <stdbool.h>

/// Whether the C library has a locale of this name; one that it has not counts as "C".
bool ccommand_locale_is_installed(const char *name);

/// Whether an option takes an argument.
enum ccommand_argument { CCOMMAND_ARGUMENT_NONE, CCOMMAND_ARGUMENT_REQUIRED, CCOMMAND_ARGUMENT_OPTIONAL };

/// One long option: laid out as getopt's own `struct option`, so that a table is
/// used where it stands. `flag` is always null. A table ends with a null name.
struct ccommand_option {
    const char *name;
    int argument;
    int *flag;
    int value;
};

/// The program's arguments as main() gets them. Swift's own CommandLine reads them from
/// /proc/self/cmdline, which is not there everywhere. Only with glibc.
char **ccommand_arguments(int *count);

#ifdef CCOMMAND_FUZZ
/// Other arguments, for fuzz targets.
void ccommand_set_arguments(int count, char **values);
#endif

/// A static program is not reached by what is preloaded to answer for the C library (fakeroot,
/// pseudo), and would make a copy that is not what was asked for. Where something is, runs the
/// dynamic command ../libexec/swift-cp-reflink in this one's place. Returns null where nothing
/// is, else, if that command cannot be run, the variable that says so.
const char *ccommand_run_preloaded(void);

/// Opens something that can neither be read nor written for each of standard input, output
/// and error that is closed: no file of a copy may get its number.
void ccommand_occupy_standard_streams(void);

/// Calls `told`, in a signal handler, at the first SIGINT, SIGTERM, SIGHUP or SIGPIPE that is not
/// ignored. A second one ends the process. System calls that wait return EINTR.
void ccommand_catch_ending_signals(void (*told)(void));

/// The first of them that came, or 0.
int ccommand_received_signal(void);

/// Ends the process as that signal does by default.
void ccommand_end_by_signal(int number);

/// The width of the terminal that is open as `descriptor`, in columns; 0 where it does not tell, -1
/// where it is no terminal.
int ccommand_terminal_columns(int descriptor);

/// Blocks SIGUSR1 and SIGWINCH in this thread, and in those that it starts from now on.
void ccommand_hold_display_signals(void);

enum ccommand_display { CCOMMAND_DISPLAY_TIME, CCOMMAND_DISPLAY_ASKED, CCOMMAND_DISPLAY_RESIZED };

/// Waits until one of the two came, or the time is over; sigtimedwait(2).
int ccommand_wait_for_display_signal(int milliseconds);

/// Makes this thread yield to others: nice(2), of a thread.
void ccommand_lower_thread_priority(void);

/// The name of an errno value, as "ENOENT"; null where the C library knows none.
const char *ccommand_errno_name(int number);

enum { CCOMMAND_TIME_SIZE = 48 };

/// Writes the time of day in UTC, as RFC 3339 has it, with microseconds; CLOCK_REALTIME.
void ccommand_current_time(char *text);

/// The next option's `value`, '?' after a message of getopt's own on standard
/// error, -1 at the end. Operands are moved behind the options in `arguments`,
/// unless POSIXLY_CORRECT is set. `argument` is the option's, or null.
///
/// `full_options` are long options that count only when written in full. getopt never
/// hears of them, so that they take part in no abbreviation and no list of possibilities.
int ccommand_next_option(int count, char **arguments, const char *short_options,
                         const struct ccommand_option *long_options,
                         const struct ccommand_option *full_options, const char **argument);

/// The index of the first operand once `ccommand_next_option` returned -1.
int ccommand_first_operand(void);

#endif
