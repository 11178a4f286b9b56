/* arguments: values of options that several commands take. */
#ifndef PGSEAL_CLI_ARGUMENTS_H
#define PGSEAL_CLI_ARGUMENTS_H

#include <argp.h>

/* The number that arg is in decimal digits, for the option that is named. If it is none from least
 * to most, says so by argp_error, which ends the tool with STATUS_USAGE. */
long argument_number(struct argp_state *state, const char *option, const char *arg, long least,
                     long most);

#endif
