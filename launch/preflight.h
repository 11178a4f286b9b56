/* preflight: runs the target's own dynamic linker to check that it loads the object. */
#ifndef PGSEAL_LAUNCH_PREFLIGHT_H
#define PGSEAL_LAUNCH_PREFLIGHT_H

#include "launch/object.h"
#include "launch/target.h"

/* Runs t's dynamic linker in its listing mode (--list) on t's program, with the current
 * environment. Returns its output, in static memory. Ends the launcher (125) if the object is not
 * in the list, or the dynamic linker reports an error about it. */
const char *preflight_run(const struct target *t, const struct object *o);

#endif
