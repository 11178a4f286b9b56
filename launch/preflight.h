/* preflight: asks the target's own loader whether it loads the object. */
#ifndef PGSEAL_LAUNCH_PREFLIGHT_H
#define PGSEAL_LAUNCH_PREFLIGHT_H

#include "launch/object.h"
#include "launch/target.h"

/* Runs the loader of t on t's program with the environment as it is now, in its listing mode.
 * Returns what it printed, NUL-terminated, in static memory. Does not return (status 125) where the
 * object is not among what was loaded, or where the loader has a complaint about it. */
const char *preflight_run(const struct target *t, const struct object *o);

#endif
