/* arguments: values of options that several commands take. */
#include "cli/lib/arguments.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

long argument_number(struct argp_state *state, const char *option, const char *arg, long least,
                     long most)
{
    errno = 0;
    long number = strtol(arg, NULL, 10);
    if (arg[0] == '\0' || arg[strspn(arg, "0123456789")] != '\0' || errno != 0 || number < least ||
        number > most) {
        argp_error(state, "%s takes a number from %ld to %ld", option, least, most);
    }
    return number;
}
