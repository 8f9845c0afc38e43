#define _GNU_SOURCE
#include "options.h"

#include <getopt.h>
#include <stddef.h>

_Static_assert(sizeof(struct creflink_option) == sizeof(struct option), "struct option");
_Static_assert(offsetof(struct creflink_option, name) == offsetof(struct option, name), "name");
_Static_assert(offsetof(struct creflink_option, argument) == offsetof(struct option, has_arg), "has_arg");
_Static_assert(offsetof(struct creflink_option, flag) == offsetof(struct option, flag), "flag");
_Static_assert(offsetof(struct creflink_option, value) == offsetof(struct option, val), "val");
_Static_assert(CREFLINK_ARGUMENT_NONE == no_argument, "no_argument");
_Static_assert(CREFLINK_ARGUMENT_REQUIRED == required_argument, "required_argument");
_Static_assert(CREFLINK_ARGUMENT_OPTIONAL == optional_argument, "optional_argument");

int creflink_next_option(int count, char **arguments, const char *short_options,
                         const struct creflink_option *long_options, const char **argument) {
    int value = getopt_long(count, arguments, short_options, (const void *)long_options, NULL);
    *argument = optarg;
    return value;
}

int creflink_first_operand(void) {
    return optind;
}
