#include "platform.h"
#include "options.h"

#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(struct creflink_option) == sizeof(struct option), "struct option");
_Static_assert(offsetof(struct creflink_option, name) == offsetof(struct option, name), "name");
_Static_assert(offsetof(struct creflink_option, argument) == offsetof(struct option, has_arg), "has_arg");
_Static_assert(offsetof(struct creflink_option, flag) == offsetof(struct option, flag), "flag");
_Static_assert(offsetof(struct creflink_option, value) == offsetof(struct option, val), "val");
_Static_assert(CREFLINK_ARGUMENT_NONE == no_argument, "no_argument");
_Static_assert(CREFLINK_ARGUMENT_REQUIRED == required_argument, "required_argument");
_Static_assert(CREFLINK_ARGUMENT_OPTIONAL == optional_argument, "optional_argument");

// The argument that getopt will take for the next option, by its own rules: operands
// before it are passed over, unless POSIXLY_CORRECT makes the first of them the end.
static const char *upcoming(int count, char **arguments) {
    for (int i = optind == 0 ? 1 : optind; i < count; i++) {
        const char *text = arguments[i];
        if (text[0] == '-' && text[1] != 0) return text;
        if (getenv("POSIXLY_CORRECT") != NULL) break;
    }
    return NULL;
}

static const struct creflink_option *find(const struct creflink_option *options, const char *text) {
    if (text == NULL || strncmp(text, "--", 2) != 0) return NULL;
    size_t length = strcspn(text + 2, "=");
    for (; options->name != NULL; options++)
        if (strlen(options->name) == length && strncmp(options->name, text + 2, length) == 0)
            return options;
    return NULL;
}

static int take(const struct creflink_option *option, int count, char **arguments,
                const char **argument) {
    const char *equals = strchr(arguments[optind - 1], '=');
    *argument = equals == NULL ? NULL : equals + 1;
    if (option->argument == CREFLINK_ARGUMENT_REQUIRED && equals == NULL && optind < count)
        *argument = arguments[optind++];
    const char *complaint = NULL;
    if (option->argument == CREFLINK_ARGUMENT_REQUIRED && *argument == NULL)
        complaint = "requires an argument";
    if (option->argument == CREFLINK_ARGUMENT_NONE && *argument != NULL)
        complaint = "doesn't allow an argument";
    if (complaint == NULL) return option->value;
    fprintf(stderr, "%s: option '--%s' %s\n", arguments[0], option->name, complaint);
    return '?';
}

int creflink_next_option(int count, char **arguments, const char *short_options,
                         const struct creflink_option *long_options,
                         const struct creflink_option *full_options, const char **argument) {
    const struct creflink_option *full = find(full_options, upcoming(count, arguments));
    // getopt does not know it, moves it before the operands, and is not to say so.
    opterr = full == NULL;
    int value = getopt_long(count, arguments, short_options, (const void *)long_options, NULL);
    *argument = optarg;
    return full == NULL ? value : take(full, count, arguments, argument);
}

static int argument_count;
static char **argument_values;

#ifdef __GLIBC__
// glibc calls constructors with what main() gets; other C libraries call them with nothing.
__attribute__((constructor)) static void keep_arguments(int count, char **values) {
    argument_count = count;
    argument_values = values;
}
#endif

char **creflink_arguments(int *count) {
    *count = argument_values == NULL || argument_count < 0 ? 0 : argument_count;
    return argument_values;
}

int creflink_first_operand(void) {
    return optind;
}
