#define _GNU_SOURCE
#include "CCommand.h"

#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(struct ccommand_option) == sizeof(struct option), "struct option");
_Static_assert(offsetof(struct ccommand_option, name) == offsetof(struct option, name), "name");
_Static_assert(offsetof(struct ccommand_option, argument) == offsetof(struct option, has_arg), "has_arg");
_Static_assert(offsetof(struct ccommand_option, flag) == offsetof(struct option, flag), "flag");
_Static_assert(offsetof(struct ccommand_option, value) == offsetof(struct option, val), "val");
_Static_assert(CCOMMAND_ARGUMENT_NONE == no_argument, "no_argument");
_Static_assert(CCOMMAND_ARGUMENT_REQUIRED == required_argument, "required_argument");
_Static_assert(CCOMMAND_ARGUMENT_OPTIONAL == optional_argument, "optional_argument");

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

static const struct ccommand_option *find(const struct ccommand_option *options, const char *text) {
    if (text == NULL || strncmp(text, "--", 2) != 0) return NULL;
    size_t length = strcspn(text + 2, "=");
    for (; options->name != NULL; options++)
        if (strlen(options->name) == length && strncmp(options->name, text + 2, length) == 0)
            return options;
    return NULL;
}

static int take(const struct ccommand_option *option, int count, char **arguments,
                const char **argument) {
    const char *equals = strchr(arguments[optind - 1], '=');
    *argument = equals == NULL ? NULL : equals + 1;
    if (option->argument == CCOMMAND_ARGUMENT_REQUIRED && equals == NULL && optind < count)
        *argument = arguments[optind++];
    const char *complaint = NULL;
    if (option->argument == CCOMMAND_ARGUMENT_REQUIRED && *argument == NULL)
        complaint = "requires an argument";
    if (option->argument == CCOMMAND_ARGUMENT_NONE && *argument != NULL)
        complaint = "doesn't allow an argument";
    if (complaint == NULL) return option->value;
    fprintf(stderr, "%s: option '--%s' %s\n", arguments[0], option->name, complaint);
    return '?';
}

int ccommand_next_option(int count, char **arguments, const char *short_options,
                         const struct ccommand_option *long_options,
                         const struct ccommand_option *full_options, const char **argument) {
    const struct ccommand_option *full = find(full_options, upcoming(count, arguments));
    // getopt does not know it, moves it before the operands, and is not to say so.
    opterr = full == NULL;
    int value = getopt_long(count, arguments, short_options, (const void *)long_options, NULL);
    *argument = optarg;
    return full == NULL ? value : take(full, count, arguments, argument);
}

int ccommand_first_operand(void) {
    return optind;
}
