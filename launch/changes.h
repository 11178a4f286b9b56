/* changes: variables that the launcher changes for drivers, and their report: a log line for each
 * that asked for less; in a dry run, all of them on standard output. */
#ifndef PGSEAL_LAUNCH_CHANGES_H
#define PGSEAL_LAUNCH_CHANGES_H

#include "lib/core/event/event.h"
#include "lib/core/policy/policy.h"

#include <stdbool.h>

struct changes {
    const struct policy *policy; /* whose log it is */
    const char *exe;             /* the program that will run; NULL in a dry run */
    bool dry_run;                /* nothing is changed or written but standard output */
};

/* Sets the variable to value, or removes it if value is NULL. If it had another value, logs a line
 * with this reason (NULL: that did not ask for less, no line). Ends the launcher (125) if the
 * environment cannot be changed. */
void change_variable(const struct changes *c, const char *name, const char *value,
                     const char *reason);

/* Writes one log line with these changes. */
void changes_log(const struct changes *c, const struct change *changes, size_t n,
                 const char *reason);

/* A line of the dry run on standard output, "- NAME=value" or "+ NAME=value"; none if value is
 * NULL. Control characters become '?'. The value must hold no secret. */
void changes_show(char sign, const char *name, const char *value);

#endif
