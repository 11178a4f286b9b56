/* preload: LD_PRELOAD as the program will see it, and what else is preloaded. */
#ifndef PGSEAL_LAUNCH_PRELOAD_H
#define PGSEAL_LAUNCH_PRELOAD_H

#include "launch/object.h"

#include <stdbool.h>

/* Puts the object first into LD_PRELOAD, after AddressSanitizer's runtime only, and keeps the rest.
 * If the object is already there (by name, or as the same file) it stays where it is, as an
 * absolute path; then another preload before it gets a warning. */
void preload_set(struct object *o);

/* Whether /etc/ld.so.preload names a libpgseal.so of this version. If so, *o becomes that one. */
bool preload_listed(struct object *o);

/* Ends the launcher (125) if the program needs AddressSanitizer's runtime and it would not be
 * first: that runtime then ends the program. `list` is what preflight_run returned. */
void preload_judge_sanitizer(const char *list);

/* Warns about each other preload that defines a symbol of libpq. `list` is what preflight_run
 * returned: it shows which file a name without a slash became. */
void preload_judge_others(const struct object *o, const char *list);

#endif
